import type { Cell, Kernel } from '#kernel';
import type { Queued } from './outbox.ts';

/** MSH-13 of the message that (re-)starts a link, and of the one that makes the receiver take whatever number comes next. */
export const OPENINGS = { start: 0, resynchronise: -1 } as const;

/** How a link numbers what it sends. */
export type Sequencing = 'off' | keyof typeof OPENINGS;

// How many delivered messages are kept, to be sent again when the receiver has them not.
const KEPT = 100;
const key = (n: number): string => String(n).padStart(10, '0');

/**
 * What MSA-4 says of a message beyond its acknowledgement. `gap`: the receiver expects another number. `had`: it has taken
 * this one before, and expects the next. Receivers echo the number, or say the next: neither says more.
 */
export function told(sent: number | undefined, expected: number | undefined, repeated: boolean): 'gap' | 'had' | undefined {
  if (sent === undefined || expected === undefined || expected === sent) return undefined;
  if (expected === sent + 1) return repeated ? 'had' : undefined;
  return 'gap';
}

/** MSH-13 of a message; undefined where it is empty. */
export function sequenceOf(bytes: Buffer): number | undefined {
  const text = fieldsOf(bytes)[12] ?? '';
  return /^-?\d+$/.test(text) ? Number(text) : undefined;
}

/** A message with MSH-13, where it has none; what is no message stays as it is. */
export function withSequence(bytes: Buffer, n: number): Buffer {
  const fields = fieldsOf(bytes);
  if (fields[0] !== 'MSH' || fields[12]) return bytes;
  const rest = bytes.subarray(fields.join(fields.separator).length);
  while (fields.length < 13) fields.push('');
  fields[12] = String(n);
  return Buffer.concat([Buffer.from(fields.join(fields.separator), 'latin1'), rest]);
}

function fieldsOf(bytes: Buffer): string[] & { separator: string } {
  const [header = ''] = bytes.toString('latin1').split(/[\r\n]/, 1);
  const separator = header[3] ?? '|';
  return Object.assign(header.split(separator), { separator });
}

/** What to do about the number that a receiver expects. */
export type Step =
  | { do: 'go-on' }
  /** The message under way was taken, and its acknowledgement was lost. */
  | { do: 'count' }
  /** These first, each under the number that it had. */
  | { do: 'send-again'; entries: Queued[] }
  | { do: 'freeze'; reason: string };

/** The sender's side of the sequence number protocol (HL7 2.5.1, 2.10.1): which number comes next, and what was sent before. */
export class Sequence {
  /** Sender and receiver have agreed on a number since the link started. */
  open = false;
  #place: Cell<number>;
  #sent: Cell<Queued>;

  constructor(kernel: Kernel, site: string) {
    this.#place = kernel.cell<number>(`hl7.${site}.sequence`);
    this.#sent = kernel.cell<Queued>(`hl7.${site}.sequenced`);
  }

  /** Number of the next message. */
  get next(): number {
    return (this.#place.get('last') ?? 0) + 1;
  }

  /** A number is used up: its message was taken, or lost on the way. */
  passed(entry: Queued, n: number): void {
    this.#place.set('last', n);
    this.#sent.set(key(n), { ...entry, sequence: n });
    this.#sent.delete(key(n - KEPT));
  }

  /** @param head the message that is next, or under way. */
  decide(expected: number | undefined, head: Queued): Step {
    const { next } = this;
    // -1: it takes the number that comes first (it has none yet). A receiver that says nothing is not told what to expect.
    if (expected === undefined || expected === -1 || expected === next) return { do: 'go-on' };
    if (expected === next + 1 && head.sequence === next) return { do: 'count' };
    if (expected > next || expected < 1)
      return { do: 'freeze', reason: `the receiver expects number ${expected}, and the next one here is ${next}` };
    const entries: Queued[] = [];
    for (let n = expected; n < next; n++) {
      const entry = this.#sent.get(key(n));
      if (!entry) return { do: 'freeze', reason: `the receiver expects number ${expected}, and number ${n} is no longer kept` };
      entries.push(entry);
    }
    return { do: 'send-again', entries };
  }
}
