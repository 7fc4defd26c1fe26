import type { AckOutcome } from './message/ack.ts';

/**
 * What a sender does after an attempt. `done`: it counts as delivered. `retry`: the same message again. `skip`: it is given
 * up, and the next one goes out. `stop`: the link pauses with the message at its head, until somebody looks.
 */
export const ACTIONS = ['done', 'retry', 'skip', 'stop'] as const;
export type Action = (typeof ACTIONS)[number];

/** How one interface engine behaves as a sender, by its defaults. */
export interface SenderPreset {
  name: string;
  ackTimeoutMs: number;
  /** Pause before the same message goes out again; when absent it doubles from 100 ms to 2 s. */
  retryMs?: number;
  /** Whether the connection stays open between messages. */
  keepOpen: boolean;
  on: Record<AckOutcome, Action>;
  source: string;
}

const LOST = { garbled: 'retry', silent: 'retry', closed: 'retry', refused: 'retry' } as const;
const ANSWERED = { positive: 'done', unanswered: 'done' } as const;

/** Every preset, the plain one first. */
export const SENDERS: readonly SenderPreset[] = [
  {
    name: 'standard',
    ackTimeoutMs: 5000,
    keepOpen: true,
    // A negative answer is final: sent again and again, a message that the receiver cannot take would hold up all that follow.
    on: { ...ANSWERED, ...LOST, error: 'skip', reject: 'skip', stale: 'retry' },
    source: 'Ours: what loses nothing and blocks nothing.',
  },
  {
    name: 'mirth',
    ackTimeoutMs: 5000,
    retryMs: 10_000,
    keepOpen: false,
    on: { ...ANSWERED, ...LOST, error: 'skip', reject: 'skip', stale: 'skip' },
    source:
      'nextgenhealthcare/connect, TcpDispatcherProperties, DestinationConnectorProperties and HL7v2ResponseValidator: negative answers and control ids that do not match are errors, not sent again; queueing switched on',
  },
  {
    name: 'intersystems',
    ackTimeoutMs: 30_000,
    retryMs: 5000,
    keepOpen: true,
    on: { ...ANSWERED, ...LOST, error: 'skip', reject: 'retry', stale: 'done' },
    source:
      "docs.intersystems.com, EnsLib.HL7.Operation.ReplyStandard: ReplyCodeActions ':?R=RF,:?E=S,:~=S,:?A=C,:*=S,:I?=W,:T?=C'",
  },
  {
    name: 'rhapsody',
    ackTimeoutMs: 30_000,
    retryMs: 5000,
    keepOpen: true,
    on: { ...ANSWERED, ...LOST, error: 'stop', reject: 'stop', stale: 'retry' },
    source:
      'Rhapsody manual, TCP client in Out->In mode: waits for the response, retries the connection for ever; what a negative answer does is set by the site, here it stops',
  },
  {
    name: 'cloverleaf',
    ackTimeoutMs: 30_000,
    retryMs: 10_000,
    keepOpen: true,
    on: { ...ANSWERED, ...LOST, error: 'retry', reject: 'retry', stale: 'retry' },
    source: 'Cloverleaf 2022.09 manual: encapsulation timeout 30 s, "resend OB message" every 10 s for ever',
  },
  {
    name: 'epic',
    ackTimeoutMs: 30_000,
    retryMs: 5000,
    keepOpen: true,
    on: { ...ANSWERED, ...LOST, error: 'skip', reject: 'skip', stale: 'retry' },
    source:
      'Epic Bridges course notes (weak): one queue per interface, an entry is deleted when it is acknowledged, errors go to a work queue; times are not public',
  },
];

export const SENDER_NAMES = SENDERS.map(({ name }) => name);

/** The preset of that name; the plain one when there is none. */
export const senderOf = (name: string | undefined): SenderPreset => SENDERS.find((each) => each.name === name) ?? SENDERS[0]!;
