import { ControlError, type FaultParam, object, orNull, type Schema } from '#kernel';
import type { AckOutcome } from './message/ack.ts';
import { CHARSETS, type Charset } from './message/charset.ts';
import { delimitersOf } from './message/delimiters.ts';
import { ACTIONS, type Action, SENDER_NAMES } from './senders.ts';
import { OPENINGS, type Sequencing } from './sequence.ts';
import { ACK_CONDITIONS, type AckConditions } from './site.ts';

/** Where a link connects, and how it behaves; kept across restarts. */
export interface LinkSettings {
  /** `host:port` of the receiver; without one the queue only grows. */
  target?: string;
  tls?: boolean;
  /** PEM of the authority that the receiver's certificate must come from; unverified when absent. */
  ca?: string;
  /** PEM of our own certificate and its key, for a receiver that asks for one. */
  cert?: string;
  key?: string;
  /** How long an acknowledgement may take, in milliseconds; the sender's when absent. */
  ackTimeoutMs?: number;
  paused?: boolean;
  /** As which engine it behaves: see SENDERS. */
  sender?: string;
  /** What it does after each outcome, where that is not what its sender does. */
  on?: Partial<Record<AckOutcome, Action>>;
  /** Pause before the same message goes out again; the sender's when absent. */
  retryMs?: number;
  /** Whether the connection stays open between messages; the sender's when absent. */
  keepOpen?: boolean;
  /** TCP keep-alive after so many idle milliseconds; none when absent or 0. */
  keepAliveMs?: number;
  /** Pause between messages. */
  gapMs?: number;
  /** Connections at once; messages about one person stay in order. */
  connections?: number;
  /** Messages in flight on one connection. */
  pipeline?: number;
  /** How many of the messages that wait go out in one frame, as a batch (BHS to BTS); 1 or absent: each on its own. */
  batch?: number;
  /** MSH-15 and MSH-16 of what is built from now on; null for the original mode. */
  acknowledgements?: AckConditions | null;
  /** Of MLLP, both ways. In release 2 each block is answered by a commit acknowledgement, before any answer of the application. */
  release?: 1 | 2;
  /** MSH-1 and MSH-2 of what is built from now on, five or six characters such as `|^~\\&#`; null for the site's own. */
  delimiters?: string | null;
  /** MSH-18 of what is built from now on, and its bytes; null for the site's own. */
  charset?: Charset | null;
  /** The sequence number protocol: MSH-13 counts, MSA-4 is followed. The link starts with 0, or with -1 (once; then it is `start`). */
  sequence?: Sequencing;
  /** Where the application acknowledgement of the enhanced mode comes: on the same connection, or to the site's listener. */
  applicationOn?: 'same' | 'listener';
}

const OUTCOMES: readonly AckOutcome[] = [
  'positive',
  'error',
  'reject',
  'stale',
  'garbled',
  'silent',
  'closed',
  'refused',
  'unanswered',
];

type Form = { type: FaultParam['type'] | 'object'; range?: readonly [number, number]; oneOf?: readonly string[] };

const milliseconds: Form = { type: 'number', range: [0, 86_400_000] };
const text: Form = { type: 'string' };
const flag: Form = { type: 'boolean' };

const FORMS: Record<keyof LinkSettings, Form> = {
  target: text,
  tls: flag,
  ca: text,
  cert: text,
  key: text,
  ackTimeoutMs: { type: 'number', range: [1, 86_400_000] },
  paused: flag,
  sender: { type: 'string', oneOf: SENDER_NAMES },
  on: { type: 'object' },
  retryMs: milliseconds,
  keepOpen: flag,
  keepAliveMs: milliseconds,
  gapMs: milliseconds,
  connections: { type: 'number', range: [1, 64] },
  pipeline: { type: 'number', range: [1, 256] },
  batch: { type: 'number', range: [1, 1000] },
  sequence: { type: 'string', oneOf: ['off', ...Object.keys(OPENINGS)] },
  acknowledgements: { type: 'object' },
  release: { type: 'number', range: [1, 2] },
  delimiters: text,
  charset: { type: 'string', oneOf: CHARSETS },
  applicationOn: { type: 'string', oneOf: ['same', 'listener'] },
};

/** What can be taken back, by null. */
const OPTIONAL = ['acknowledgements', 'delimiters', 'charset'];

/** Every setting, in the order in which messages name them. */
export const SETTING_NAMES = Object.keys(FORMS);

const fail = (message: string): never => {
  throw new ControlError(400, message);
};

/** The same as a form of the control API. */
export const SETTINGS_FORM: Schema = object(
  Object.fromEntries(
    Object.entries(FORMS).map(([name, { type, range, oneOf }]) => {
      const form: Schema = {
        type,
        ...(range && { minimum: range[0], maximum: range[1] }),
        ...(oneOf && { enum: oneOf }),
        ...(type === 'object' && { additionalProperties: {} }),
      };
      return [`${name}?`, OPTIONAL.includes(name) ? orNull(form) : form];
    }),
  ),
  { name: 'LinkSettings' },
);

/** Checks a change of settings as it came. @throws ControlError naming the mistake. */
export function checkSettings(body: unknown): LinkSettings {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) fail('the body must be an object');
  for (const [key, given] of Object.entries(body as object)) checkOne(key, given);
  const { target, on, acknowledgements, delimiters, release, cert, key } = body as LinkSettings;
  const port = Number(target?.slice(target.lastIndexOf(':') + 1));
  if (target !== undefined && !(/^.+:\d+$/.test(target) && port > 0 && port < 65_536))
    fail(`"target" must be host:port, not ${JSON.stringify(target)}`);
  for (const [outcome, action] of Object.entries(on ?? {})) {
    among(outcome, OUTCOMES, '"on" names an outcome');
    among(action, ACTIONS, `"on.${outcome}" is an action`);
  }
  if (acknowledgements) {
    for (const part of ['accept', 'application'] as const)
      among(acknowledgements[part], ACK_CONDITIONS, `"acknowledgements.${part}" is a condition`);
  }
  if (release !== undefined && !Number.isInteger(release)) fail(`"release" is 1 or 2, not ${release}`);
  if (typeof delimiters === 'string' && !delimitersOf(delimiters))
    fail(`"delimiters" are five or six different signs such as ${JSON.stringify('|^~\\&#')}, not ${JSON.stringify(delimiters)}`);
  if ((cert === undefined) !== (key === undefined)) fail('"cert" and "key" go together');
  return body as LinkSettings;
}

/** Whether settings go together, once all of them are known. @throws ControlError naming those that do not. */
export function checkTogether(all: LinkSettings): void {
  const { batch = 1, acknowledgements, release, connections = 1, pipeline = 1, sequence = 'off' } = all;
  const many = Object.entries({ batch, connections, pipeline }).find(([, count]) => count > 1)?.[0];
  if (sequence !== 'off' && many) fail(`"sequence" does not go with "${many}": numbers are in order one message at a time`);
  const others = { acknowledgements: acknowledgements, release: release === 2, pipeline: pipeline > 1 };
  const other = Object.entries(others).find(([, set]) => set)?.[0];
  if (batch > 1 && other) fail(`"batch" does not go with "${other}": a batch is answered in the original mode, one at a time`);
}

function checkOne(key: string, given: unknown): void {
  const form = Object.hasOwn(FORMS, key) ? FORMS[key as keyof LinkSettings] : undefined;
  if (!form) throw new ControlError(400, `unknown key ${JSON.stringify(key)}; known: ${SETTING_NAMES.join(', ')}`);
  if (given === null && OPTIONAL.includes(key)) return;
  if (typeof given !== form.type || given === null) fail(`"${key}" must be a ${form.type}, not ${JSON.stringify(given)}`);
  if (form.oneOf) among(given, form.oneOf, `"${key}" is one of them`);
  const [least, most] = form.range ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  if (typeof given === 'number' && !(given >= least && given <= most))
    fail(
      least === 1 && given <= 0 ? `"${key}" must be more than 0` : `"${key}" must lie between ${least} and ${most}, not ${given}`,
    );
}

function among(given: unknown, known: readonly string[], what: string): void {
  if (!known.includes(given as string)) fail(`${what}: ${known.join(', ')}; not ${JSON.stringify(given)}`);
}
