import { type Exchange, type Outgoing, Rejected, Severed } from './hooks.ts';
import type { RecordRef } from './identity.ts';
import type { Kernel } from './kernel.ts';

/** Headers that say who sent some bytes. */
export type Signature = Readonly<Record<string, string>>;

/** Something that is pushed to whoever asked to be told, as rules are to see it. */
export interface Notification extends Pick<Exchange, 'id' | 'sim' | 'tenant' | 'operation' | 'type' | 'path' | 'client'> {
  bytes: Buffer;
  records: readonly RecordRef[];
  /** How its sender signs, where it does. */
  sign?: (bytes: Buffer) => Signature;
  /** The same as somebody else's system of that kind would send it. */
  foreign?: () => Buffer;
}

/** Lets rules act on a notification (hook `notify`) and gives what they leave of it. @throws Severed, Rejected */
export async function introduce(kernel: Kernel, notification: Notification): Promise<Outgoing> {
  const { bytes, sign, foreign, records, ...about } = notification;
  const empty = Buffer.alloc(0);
  const outgoing: Outgoing = { bytes, frame: { start: empty, end: empty }, copies: 1, holdForNext: false, sign, foreign };
  if (!kernel.rules.any) return outgoing;
  const end = (how: Severed['how']): never => {
    throw new Severed(how);
  };
  await kernel.rules.fire('notify', {
    ...about,
    text: bytes.toString(),
    records: [...records],
    committed: false,
    outgoing,
    wire: { reset: () => end('reset'), close: () => end('close'), hang: async () => end('hang') },
    reject: (error, params) => {
      throw new Rejected(error, params);
    },
  });
  return outgoing;
}

/** How long one waits for the next, at most, when that shall come before it. */
export const LONGEST_HOLD_MS = 10_000;

/**
 * What came of a notification: `lost` on the way, and nobody knows; `held` for so many milliseconds, or until the next one
 * about the same was told; `told`, with the answer, and whether what was told is what its sender had to say.
 */
export type Telling<A> =
  | { state: 'lost' }
  | { state: 'held'; ms: number; forNext: boolean; healed?: Promise<void> }
  | { state: 'told'; answer: A; genuine: boolean; abreast?: number };

/** Does something after a while, unless the rule that wanted it is healed before. */
export function unlessHealed(kernel: Kernel, ms: number, healed: Promise<void> | undefined, run: () => void): void {
  const cancel = kernel.clock.after(ms, run);
  void healed?.then(cancel);
}

/**
 * Tells one, as rules leave it. What comes again later is told of by `again`.
 * @throws Severed, Rejected when a rule ended it
 */
export async function tell<A>(
  kernel: Kernel,
  notification: Notification,
  post: (bytes: Buffer, signature: Signature) => Promise<A>,
  again: (answer: A, bytes: Buffer) => void,
): Promise<Telling<A>> {
  const outgoing = await introduce(kernel, notification);
  const { bytes, copies, abreast = 1, holdMs = 0, holdForNext, sign, signature, later = [], healed } = outgoing;
  if (copies < 1) return { state: 'lost' };
  if (holdMs > 0 || holdForNext) return { state: 'held', ms: holdMs || LONGEST_HOLD_MS, forNext: holdForNext, healed };
  const signed = (some: Buffer, own?: Signature) => post(some, own ?? sign?.(some) ?? {});
  let answer: A | undefined;
  for (let copy = 0; copy < copies; copy++) {
    const answers = await Promise.all(Array.from({ length: abreast }, () => signed(bytes, signature)));
    answer ??= answers[0]!;
  }
  for (const one of later)
    unlessHealed(kernel, one.ms, healed, () => void signed(one.bytes, one.signature).then((got) => again(got, one.bytes)));
  const genuine = bytes.equals(notification.bytes) && signature === undefined;
  return { state: 'told', answer: answer!, genuine, ...(abreast > 1 ? { abreast } : {}) };
}
