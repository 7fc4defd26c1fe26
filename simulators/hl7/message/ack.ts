import { buildMessage, type Field, segment } from './build.ts';
import { decodeText } from './charset.ts';
import { type Message, NotHl7, parseMessage, rawField, value } from './parse.ts';

/**
 * What came of one attempt to deliver a message. `positive`: AA or CA. `error`: AE or CE. `reject`: AR or CR. `stale`: an
 * acknowledgement of another message. `garbled`: bytes that acknowledge nothing. `silent`: nothing in time. `closed`:
 * the peer hung up before it answered. `refused`: no connection. `unanswered`: no answer was asked for (MSH-15, MSH-16),
 * or what was accepted was never answered by the application.
 */
export type AckOutcome = 'positive' | 'error' | 'reject' | 'stale' | 'garbled' | 'silent' | 'closed' | 'refused' | 'unanswered';

export interface Ack {
  outcome: 'positive' | 'error' | 'reject' | 'stale' | 'garbled';
  /** MSA-1 as sent. */
  code?: string;
  /** MSA-2 as sent: the control id that it answers. */
  answered?: string;
  /** Diagnostic text: MSA-3, else ERR-8 or ERR-7. */
  reason?: string;
  /** MSA-4: the sequence number that the receiver expects, or that it took. */
  expected?: number;
  /** All of it. */
  text: string;
}

/** MSA-2 of an answer, read without judging the rest; empty when there is none. */
export function answeredBy(frame: Buffer): string {
  const text = frame.toString('latin1');
  const field = text[text.indexOf('MSH') + 3] ?? '|';
  const msa = /(?:^|[\r\n])MSA(.*)/.exec(text)?.[1] ?? '';
  return msa.startsWith(field) ? (msa.split(field)[2] ?? '').trim() : '';
}

const OUTCOMES: Record<string, 'positive' | 'error' | 'reject'> = {
  AA: 'positive',
  CA: 'positive',
  AE: 'error',
  CE: 'error',
  AR: 'reject',
  CR: 'reject',
};

/** Reads what came back for the message with that control id. MSA-2 is compared byte by byte. Of batches see readBatchAnswer. */
export function readAck(bytes: Buffer, control: string): Ack {
  const text = decodeText(bytes);
  let message: Message;
  try {
    message = parseMessage(text);
  } catch (error) {
    if (error instanceof NotHl7) return { outcome: 'garbled', text };
    throw error;
  }
  const code = rawField(message, 'MSA', 1);
  const answered = rawField(message, 'MSA', 2);
  const outcome = OUTCOMES[code];
  if (!outcome) return { outcome: 'garbled', code, answered, text };
  const reason = value(message, 'MSA', 3) || value(message, 'ERR', 8) || value(message, 'ERR', 7) || undefined;
  const number = rawField(message, 'MSA', 4).trim();
  const expected = /^-?\d{1,10}$/.test(number) ? { expected: Number(number) } : {};
  return { outcome: answered === control ? outcome : 'stale', code, answered, reason, ...expected, text };
}

/** Why an inbound message is not filed (HL7 table 0357), and how it is answered. */
export class Refusal extends Error {
  readonly ack: 'AE' | 'AR';
  /** Code of table 0357. */
  readonly code: number;
  /** `PID^1^3`, the place in ERR-2; empty when it is the message as a whole. */
  readonly location: string;

  constructor(ack: 'AE' | 'AR', code: number, location: string, message: string) {
    super(message);
    this.ack = ack;
    this.code = code;
    this.location = location;
  }
}

const CONDITIONS: Record<number, string> = {
  100: 'Segment sequence error',
  101: 'Required field missing',
  102: 'Data type error',
  103: 'Table value not found',
  200: 'Unsupported message type',
  201: 'Unsupported event code',
  202: 'Unsupported processing id',
  203: 'Unsupported version id',
  204: 'Unknown key identifier',
  205: 'Duplicate key identifier',
  207: 'Application internal error',
};

/**
 * The answer to a message: sender and receiver swapped, MSH-11 and MSH-12 kept, MSA-2 as it was sent, in the delimiters of
 * the message, so that the control id comes back byte for byte.
 */
export function buildAck(options: { message?: Message; control: string; time: string; refusal?: Refusal }): string {
  const { message, control, time, refusal } = options;
  const raw = (n: number, fallback = ''): Field => ({ raw: (message && rawField(message, 'MSH', n)) || fallback });
  const event = message ? value(message, 'MSH', 9, 2) : '';
  const header: Field[] = [
    raw(5),
    raw(6),
    raw(3),
    raw(4),
    time,
    '',
    event ? ['ACK', event, 'ACK'] : 'ACK',
    control,
    raw(11, 'P'),
    raw(12, '2.5.1'),
  ];
  const fields = Object.fromEntries(header.map((field, at) => [at + 3, field]));
  const segments = [segment('MSH', fields), segment('MSA', { 1: refusal?.ack ?? 'AA', 2: raw(10) })];
  if (refusal) {
    const { code, location } = refusal;
    segments.push(
      segment('ERR', {
        2: location ? location.split('^') : undefined,
        3: [String(code), CONDITIONS[code], 'HL70357'],
        4: 'E',
        8: refusal.message,
      }),
    );
  }
  return buildMessage(segments, message?.delimiters);
}
