import type { Clock } from './clock.ts';
import type { Reply } from './http.ts';
import type { RecordRef } from './identity.ts';
import type { Paging } from './paging.ts';
import type { Past, Written } from './past.ts';
import type { FaultPlace } from './places.ts';
import type { Random } from './random.ts';

/**
 * Every place where a fault can act, in the order in which an exchange passes them. HTTP passes `connect`, `request`,
 * `store-read`, `before-commit`, `after-commit`, `reply`, `body`; an HL7 link passes `connect`, `message` (what to send,
 * and when), `frame` (the bytes), `ack` (what came back); pushed notifications pass `notify`.
 */
export const HOOKS = [
  'connect',
  'request',
  'store-read',
  'before-commit',
  'after-commit',
  'reply',
  'body',
  'message',
  'frame',
  'ack',
  'notify',
] as const;
export type Hook = (typeof HOOKS)[number];

/** One outgoing HL7 message (or other notification) as the scheduling and framing faults see it. */
export interface Outgoing {
  /** What will be written; a fault may replace it. Without transport framing. */
  bytes: Buffer;
  /** Start and end of the transport frame; a fault may replace them. */
  frame: { start: Buffer; end: Buffer };
  /** How often it is sent; 0 drops it. */
  copies: number;
  /** Keeps it back until the next message of this link has been acknowledged. */
  holdForNext: boolean;
  /** Keeps it back so many milliseconds, while others go on. */
  holdMs?: number;
  /** Resolves when the rule that keeps it back is healed: then it goes out at once. */
  healed?: Promise<void>;
  /** The bytes were changed and still say the same: once accepted, the message has shown what it is about. */
  intact?: boolean;
  /** What the answer must name, where the bytes no longer hold the message's own id. */
  answers?: string;
  /** Where the framed bytes are cut into separate writes: offsets from the start, negative ones from the end. */
  cuts?: readonly number[];
  /** Milliseconds between those writes. */
  pauseMs?: number;
  /** Ends the connection after this share (0 to 1) of the framed bytes, without waiting for an answer. */
  sever?: { after: number; how: 'reset' | 'close' };
  /** How many copies go out at the same moment, each over a connection of its own; this one counts among them. */
  abreast?: number;
  /** How many messages, this one first, are written at once. */
  together?: number;
  /** How long the answer may take, in place of the link's setting. */
  answerMs?: number;
  /** When no answer came in time the connection stays, and the next attempt uses it. */
  patient?: boolean;
  /** Goes over a new connection, while the old one stays open. */
  newConnection?: boolean;
  /** Connections opened beside it: how many, what each writes, and whether each is closed before the message goes out. */
  beside?: { connections: number; bytes: Buffer; close: boolean };
  /** Of pushed notifications: how the sender signs bytes, where it does, and what goes with these in place of its own signature. */
  sign?: (bytes: Buffer) => Readonly<Record<string, string>>;
  signature?: Readonly<Record<string, string>>;
  /** The same as somebody else's system of that kind would send it. */
  foreign?: () => Buffer;
  /** What comes to the same receiver later, each after so many milliseconds, with the sender's own signature where none is given. */
  later?: readonly { bytes: Buffer; ms: number; signature?: Readonly<Record<string, string>> }[];
  /** What is sent after it, each as a message of its own: at once, or after the next one about the same person. */
  echoes?: readonly { bytes: Buffer; newId: boolean; afterNext: boolean }[];
}

/** What a fault may do to the socket. Each throws `Severed`, which ends the exchange. */
export interface Wire {
  /** TCP reset (linger zero) now. */
  reset(): never;
  /** Orderly close without an answer. */
  close(): never;
  /** Never answers; ends when the peer gives up or the rule is healed. */
  hang(): Promise<never>;
  /** Resolves when the peer is gone; absent where there is none that could go. */
  closed?(): Promise<void>;
}

/** One thing in flight, as faults and rules see it: an HTTP request, or a message on a link. */
export interface Exchange {
  /** Journal sequence number of the request, message or connection event. */
  readonly id: number;
  readonly sim: string;
  readonly tenant: string;
  /** `read`, `search`, `create`, `upsert`, `token`, `query`, …; for HL7 `ADT^A08`, `SIU^S12`. */
  readonly operation: string;
  /** Resource or object type, where the operation has one. */
  readonly type?: string;
  readonly method?: string;
  readonly path?: string;
  /** Who asks, once known. */
  client?: string;
  /** URL and body, or message text: what `where.text` is looked for in. */
  readonly text: string;
  /** Records read or written so far. */
  readonly records: RecordRef[];
  /** Records that it names, before anything was read: as `Type/id`, or a key or number where it gives no id. */
  names?(): string[];
  /** Whether `records` are read again after the hook `store-read`: as of then, or as of `asOf`. */
  rereads?: boolean;
  /** The past that is read, in place of the present. */
  asOf?: Past;
  /** True once this exchange has committed something. */
  committed: boolean;
  /** The reply about to be sent (hooks `reply` and `body`); a fault may replace or change it. */
  reply?: Reply;
  /** The outgoing message (hooks `message`, `frame`, `ack`). */
  outgoing?: Outgoing;
  /** What came back on the link (hook `ack`); a fault may set it to undefined: it never arrived. */
  incoming?: Buffer;
  /** Which of its records were written in the last so many milliseconds, newest write first. Where records are read. */
  lately?(ms: number): Written[];
  /** Which of its records this client was shown last in the version that they have now, within so many milliseconds. */
  seen?(ms: number): RecordRef[];
  /** The pages that its answer goes in, where answers of this place do. */
  readonly paging?: Paging;
  /** What was answered before: to the same client at this place, or to us on this link. Known while rules are armed. */
  previous?: { reply?: Reply; incoming?: Buffer };
  readonly wire: Wire;
  /** Answers with the vendor's own error of that name (`unavailable`, `throttled`, `unauthorized`, …). Throws. */
  reject(error: string, params?: Record<string, unknown>): never;
}

/** What a fault is given besides the exchange. */
export interface FaultTools {
  /** Its `sleep` ends early when the rule is healed. */
  clock: Clock;
  random: Random;
  /** Parks the exchange until somebody releases it, for so many milliseconds at most (see gates). */
  park(hook: Hook, deadlineMs?: number): Promise<void>;
  /** Resolves when the rule is healed. */
  untilHealed(): Promise<void>;
}

export type FaultHook = (exchange: Exchange, params: Record<string, unknown>, tools: FaultTools) => void | Promise<void>;

/** One parameter of a fault, enough to validate a rule and to print its documentation. */
export interface FaultParam {
  type: 'number' | 'string' | 'boolean';
  doc: string;
  default?: number | string | boolean;
  /** For the documentation, where there is no default. */
  example?: number | string | boolean;
  /** Allowed values of a string, or [min, max] of a number. */
  oneOf?: readonly string[];
  /** The name of an error: it must be one that every place has which the rule can hit. */
  error?: true;
  range?: readonly [number, number];
}

/** Which kind of trouble a fault is; docs and the timeline group by it. */
export const FAULT_FAMILIES = [
  'time',
  'connection',
  'content',
  'vendor',
  'credentials',
  'in-doubt',
  'reading',
  'paging',
  'notification',
  'schema',
  'tls',
  'clock',
  'message',
  'control',
] as const;
export type FaultFamily = (typeof FAULT_FAMILIES)[number];

/**
 * One way to misbehave: what happens. To whom, when and how often is the rule's. A fault acts on exchanges as they pass
 * hooks, or stands: it pulls a lever of each place that the rule names when it is armed (or when its window begins), and
 * healing puts the lever back. A standing fault takes no `operation`, `text`, `nth` and the like: it hits the place.
 */
export interface FaultDefinition {
  name: string;
  family: FaultFamily;
  doc: string;
  params: Record<string, FaultParam>;
  hooks: Partial<Record<Hook, FaultHook>>;
  /** The lever that it pulls, where it stands. */
  lever?: string;
  /** Pulling it is the whole of it, and leaves nothing to put back: a process that comes back does not do it again. */
  once?: true;
  /** With those parameters it acts at these of its hooks only; at all of them, where this is absent. */
  at?: (params: Readonly<Record<string, unknown>>) => readonly string[];
  /** When given: exchanges for which this is false, at that hook, do not count as matches. */
  applies?: (exchange: Exchange, params: Record<string, unknown>, hook: Hook) => boolean;
  /** Operations that it can happen to; any, where it is absent. */
  operations?: RegExp;
  /** True for parameters at which it does nothing: such a rule matches and never fires. */
  idle?: (params: Readonly<Record<string, unknown>>) => boolean;
  /** Why it cannot act at a place whose hooks it has: for what a place does not have, and for parameters that make no sense there. */
  against?: (place: FaultPlace, params?: Readonly<Record<string, unknown>>) => string | undefined;
  /** Why it cannot act in places whose hooks it has, by `sim`: for the table of faults and places. */
  notIn?: Readonly<Record<string, string>>;
  /** How the timeline draws it. */
  colour: string;
}

/** What its parameters are where a rule gives none. */
export const defaultsOf = ({ params }: Pick<FaultDefinition, 'params'>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(params).map(([name, param]) => [name, param.default]));

export function defineFault(definition: FaultDefinition): FaultDefinition {
  return Object.freeze(definition);
}

/** Ends an exchange without a reply; only the shell catches it. */
export class Severed extends Error {
  readonly how: 'reset' | 'close' | 'hang';
  constructor(how: 'reset' | 'close' | 'hang') {
    super(`the connection was ended (${how})`);
    this.how = how;
  }
}

/** Ends an exchange with an error reply that the face renders in its vendor's form; only the shell catches it. */
export class Rejected extends Error {
  readonly error: string;
  readonly params: Record<string, unknown>;
  constructor(error: string, params: Record<string, unknown> = {}) {
    super(error);
    this.error = error;
    this.params = params;
  }
}
