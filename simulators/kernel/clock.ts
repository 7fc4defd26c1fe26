/** Cancels a pending timer. Calling it twice is harmless. */
export type Cancel = () => void;

/** The only source of time. `micros` is monotonic and shared by all processes of one host; `now` is wall time. */
export interface Clock {
  /** Wall time in milliseconds since the epoch. */
  now(): number;
  /** CLOCK_MONOTONIC in microseconds. */
  micros(): number;
  /** Runs `fn` once after `ms` milliseconds. */
  after(ms: number, fn: () => void): Cancel;
  /** Resolves after `ms` milliseconds, or as soon as `signal` aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The `sleep` of a clock that can do something after a while. */
export function sleepOn(clock: Pick<Clock, 'after'>, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const cancel = clock.after(ms, done);
    function done(): void {
      signal?.removeEventListener('abort', done);
      cancel();
      resolve();
    }
    signal?.addEventListener('abort', done, { once: true });
  });
}

export const systemClock: Clock = {
  now: () => Date.now(),
  micros() {
    // Cheaper than one large integer, and each call asks several times.
    const [seconds, nanoseconds] = process.hrtime();
    return seconds * 1_000_000 + Math.floor(nanoseconds / 1000);
  },
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    return () => clearTimeout(timer);
  },
  sleep: (ms, signal) => sleepOn(systemClock, ms, signal),
};

/** A clock that may be wrong: it shows another time of day than the one beneath it, and runs as fast. */
export class OffsetClock implements Clock {
  /** Milliseconds that it is ahead; negative where it is behind. */
  offset = 0;
  readonly beneath: Clock;

  constructor(clock: Clock) {
    this.beneath = clock;
  }

  now(): number {
    return this.beneath.now() + this.offset;
  }

  micros(): number {
    return this.beneath.micros();
  }

  after(ms: number, fn: () => void): Cancel {
    return this.beneath.after(ms, fn);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.beneath.sleep(ms, signal);
  }
}

/** The time by which a place waits, which no wrong time of day upsets. */
export const waitingClock = (clock: Clock): Clock => (clock instanceof OffsetClock ? clock.beneath : clock);

/** A true instant (ISO 8601) as a place with this clock shows it, in milliseconds since the epoch. */
export const shownAt = (clock: Clock, instant: string): number =>
  Date.parse(instant) + (clock instanceof OffsetClock ? clock.offset : 0);

/** The same as text; itself where the clock is right. */
export const shownText = (clock: Clock, instant: string): string =>
  clock instanceof OffsetClock && clock.offset !== 0 ? new Date(shownAt(clock, instant)).toISOString() : instant;

/** A clock that stands still until `advance` is called; timers fire in order of their due time. */
export class ManualClock implements Clock {
  #now: number;
  #elapsed = 0;
  #timers: { due: number; fn: () => void }[] = [];

  constructor(startIso = '2026-03-02T12:00:00.000Z') {
    this.#now = Date.parse(startIso);
  }

  now(): number {
    return this.#now + this.#elapsed;
  }

  micros(): number {
    return this.#elapsed * 1000;
  }

  after(ms: number, fn: () => void): Cancel {
    const timer = { due: this.#elapsed + ms, fn };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((t) => t !== timer);
    };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal);
  }

  /** Moves time forward by `ms`, firing what becomes due and letting promises settle between timers. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    for (;;) {
      const next = this.#timers.filter((t) => t.due <= end).sort((a, b) => a.due - b.due)[0];
      if (!next) break;
      this.#timers = this.#timers.filter((t) => t !== next);
      this.#elapsed = Math.max(this.#elapsed, next.due);
      next.fn();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#elapsed = end;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
