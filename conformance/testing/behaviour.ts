import type { AuditEntry } from '../facts/audit-entry.ts';
import type { Promises } from '../manifest/manifest.ts';

export type Image = Record<string, unknown>;
/** What can be wrong with a message that is given from outside. */
export type Mistake = keyof Promises['negative_acks'];
export type Outcome = 'positive' | 'error' | 'reject' | 'silent';

/** A line of its audit trail. */
type Audited = Omit<AuditEntry, 'line' | 'at' | 'failed'> & { at: string };

/** How a subject on literal events behaves; a step that is left out is that of the perfect one. */
export interface Behaviour {
  /** What it answers to a message that it has nothing against. */
  ack?(type: string, copy: number): Outcome;
  /** Its answer to a message with a mistake in it, or with none; undefined where it has nothing against it. */
  refuses?(mistake: Mistake | undefined, text: string): 'error' | 'reject' | 'silent' | undefined;
  /** Whether it does anything with a message. */
  takes?(type: string): boolean;
  /** Whether it makes out a message on a link on which that fault happens. */
  hears?(fault: string): boolean;
  /** How many ms after its answer it acts on a message; what it has not done by then it forgets when it is killed. */
  later?(type: string): number;
  /** Whether what arrives last counts, and not what is newest. */
  lastWins?: boolean;
  /** Whether it polls the EHR and the CRM. */
  polls?: boolean;
  /** Whether it acts on a notification that its sender did not make, by what is wrong with it; and how it answers one that it does not act on. */
  trusts?(how: string): boolean;
  answersForged?: number;
  /** Whether it writes the row again that a notification is about which it had before. */
  replays?: boolean;
  /** Whether it asks for the pages after the first. */
  turnsPages?: boolean;
  /** Ms between its rounds of polling. */
  rounds?: number;
  /** Whether it waits as long as it is asked to. */
  heeds?: boolean;
  /** Ms that it waits after so many failed attempts. */
  waits?(attempts: number): number;
  /** What it takes over TLS beside the usual: flaws of certificates, and versions that it speaks to one that speaks no others. */
  accepts?: readonly string[];
  /** The newest version of TLS that it speaks. */
  newest?: string;
  /** Whether it does nothing else while a call hangs. */
  oneAtATime?: boolean;
  /** Whether it can read a record that looks so. */
  reads?(image: Image): boolean;
  /** Whether it asks for a new token when one has ended. */
  renews?: boolean;
  /** Whether it was built with its credentials. */
  hardCoded?: boolean;
  /** Whether it takes a chart that it is refused for an empty one. */
  wipes?: boolean;
  /** What it writes of where a record is from, of what the perfect one writes; `before` is what stands there. */
  stamps?(stamps: Image, before: Image): Image;
  /** What its audit trail says of something that it did, the nth time that it did it to those records; undefined for nothing. */
  audits?(entry: Audited, nth: number): Audited | Audited[] | undefined;
  /** Whether it says what goes wrong. */
  tells?: boolean;
  /** The scopes that it asks for. */
  scopes?: string;
  /**
   * What it writes to a row, which it finds by the key in it; undefined for nothing. Beside the acts of commits there are `poll`, `given` for what a message
   * from outside says, and `relink` for an appointment whose person is known only now, or is another one.
   */
  write?(object: string, fields: Image, act: string): Image | undefined;
  /** What it makes of a patient's chart, of which the last image is the news. */
  summary?(chart: readonly Image[], news: Image): Image;
  /** Whether it leaves the row of what was recorded by mistake. */
  keepsMistakes?: boolean;
  /** Whether it goes on without a file of an export that it could not have, or the rest of an answer that broke off. */
  losesFiles?: boolean;
  /** Whether it takes nothing where the EHR refuses something. */
  needsAll?: boolean;
  /** Whether it makes a new row instead of writing the one that is there; `retry` is a write whose answer was lost. */
  creates?(object: string, act: string): boolean;
  /** Whether it writes rows that hold everything already. */
  rewrites?: boolean;
  /** The URL of what it asks the CRM before it writes. */
  asks?(fields: Image): string;
  /** What it prints about a write that the CRM refused. */
  prints?(fields: Image): string;
  /** Whether it says what the CRM would not take. */
  reports?: boolean;
  /** What it writes to a lead with the mail address of a person whom it is about to create. */
  leads?(fields: Image): Image;
  /** Ms after which it looks at an edit of a CRM user. */
  editsAfter?: number;
  /** Whether it does later what could not be done: writes while the CRM was away, edits read after its own restart. */
  catchesUp?: boolean;
  /** How often it sends the EHR what that refuses. */
  attempts?: number;
  /** Whether it shows in the CRM that the EHR refused something. */
  marks?: boolean;
  /** Whether nothing goes to the EHR any more once something was refused. */
  stalls?: boolean;
  /** Whether it writes to the EHR what it made of an older version. */
  staleWrites?: boolean;
  /** Which edited fields it takes back, and which it writes to the EHR. */
  edit?(fields: Image): { revert: string[]; writeBack: string[] };
}

export const PERFECT: Behaviour = {};
/** The nulls: one does nothing at all, the other acknowledges all and writes nothing. */
export const SILENT: Behaviour = { ack: () => 'silent', takes: () => false, polls: false };
export const ACKS_ONLY: Behaviour = { refuses: () => undefined, takes: () => false, polls: false };
