import type { Clock } from '../clock.ts';

/** Calls a second that one address beyond this host may make for long, and at once: more than a judge with all checks needs. */
export const CALLS_A_SECOND = 500;
export const CALLS_AT_ONCE = 2_000;
const MOST_ADDRESSES = 1_000;

/** A bucket of calls for each address: full at first, filled at a steady rate. */
export class CallLimit {
  #clock: Clock;
  #buckets = new Map<string, { left: number; at: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes one call. Undefined when it may be made, else the whole seconds after which the next one may. */
  take(address: string): number | undefined {
    const now = this.#clock.micros();
    const { left, at } = this.#buckets.get(address) ?? { left: CALLS_AT_ONCE, at: now };
    const filled = Math.min(CALLS_AT_ONCE, left + ((now - at) / 1e6) * CALLS_A_SECOND);
    if (filled < 1) {
      this.#buckets.set(address, { left: filled, at: now });
      return Math.max(1, Math.ceil((1 - filled) / CALLS_A_SECOND));
    }
    // Whoever was not heard of for longest has a full bucket again.
    this.#buckets.delete(address);
    this.#buckets.set(address, { left: filled - 1, at: now });
    if (this.#buckets.size > MOST_ADDRESSES) this.#buckets.delete(this.#buckets.keys().next().value!);
    return undefined;
  }
}

export const isLoopback = (address: string | undefined): boolean =>
  address === undefined || address === '::1' || /^(::ffff:)?127\./.test(address);
