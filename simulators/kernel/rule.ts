import type { EventKind } from './journal.ts';

/** Whom a rule hits; every key that is given must match. */
export interface RuleWhere {
  /** `ehr`, `hl7` or `crm`. */
  sim?: string;
  /** Site name, for its APIs and its links. */
  site?: string;
  /** Site name or organisation id. */
  tenant?: string;
  /** `read`, `create`, `ADT^A08`, …; several separated by `|`. */
  operation?: string;
  /** Resource or object type, or message type (`ADT`); several separated by `|`. */
  type?: string;
  method?: string;
  /** Beginning of the path. */
  path?: string;
  /** Who asks: a client id as the journal names it as actor. */
  client?: string;
  /** Text that must occur in URL, body or message: an MRN, a name, an id; of several, one of them. */
  text?: string | readonly string[];
  /** Anything that touches a record of this person: an MRN, or `authority|mrn`. */
  person?: string;
  /** Anything that touches this record: `Patient/123`, `Contact/003…`. */
  record?: string;
  /** Only the n-th attempt on each record, from 1: of calls with the same method and path, or the same message. */
  attempt?: number;
}

/** Which journal event; every key that is given must match. */
export interface EventMatch {
  kind?: EventKind;
  sim?: string;
  site?: string;
  tenant?: string;
  /** Of a request or reply, or the type of a message. */
  operation?: string;
  /** What a commit meant: `register`, `book`, … */
  act?: string;
  actor?: string;
  /** `Patient/123`: among the records that the event names or served. */
  record?: string;
  /** Resource or object type of a record that it names. */
  type?: string;
  /** Text that must occur in the event. */
  text?: string;
}

export interface RuleWhen {
  /** Only the n-th match, from 1. */
  nth?: number;
  /** Every n-th match. */
  every?: number;
  /** Chance of each match, from the seed. */
  probability?: number;
  /** Milliseconds after arming (with `between`, after its first event), and for how long. */
  after?: number;
  during?: number;
  /** From the first journal event that matches `from` (from arming, without) to the next that matches `to` (without, until healed). */
  between?: { from?: EventMatch; to?: EventMatch };
}

/** A fault plus whom it hits, when, how often. Plain JSON: the same in a check, a plan, a k6 script and `curl`. */
export interface Rule {
  /** Given by the engine when absent. */
  id?: string;
  fault: string;
  params?: Record<string, unknown>;
  where?: RuleWhere;
  when?: RuleWhen;
  /** How often it may fire; unlimited when absent. */
  times?: number;
}

export interface ArmedRule extends Rule {
  id: string;
  /** The plan that it came with. */
  plan?: string;
  armedAt: number;
  /** When the first event of `between` was seen. */
  openedAt?: number;
  /** Can hit nothing any more: its times are used up, or its window was closed by an event. */
  spent?: true;
  matched: number;
  fired: number;
}

/** A named list of rules that is armed and healed as one. */
export interface Plan {
  name: string;
  doc?: string;
  rules: Rule[];
}

/** One mistake in a rule or a plan, by its place in it. */
export interface Mistake {
  path: readonly (string | number)[];
  /** What is wrong, and what would be right. */
  message: string;
}

/** A rule or plan that cannot be armed: says what is wrong and what would be right. */
export class RuleError extends Error {
  /** No place of this process can suffer it; another process may have one. */
  readonly elsewhere: boolean;
  constructor(message: string, elsewhere = false) {
    super(message);
    this.elsewhere = elsewhere;
  }
}
