import type { LinkStatus } from '#hl7';
import { type JournalEvent, type Kernel, systemClock } from '#kernel';

const EVERY_MS = 1000;
const LOOK_MS = 50;

/** What a feed does, as it does it: one line, rewritten on a terminal, and a summary. A fold of the journal. */
export class FeedView {
  #status: () => LinkStatus | undefined;
  #clock = systemClock;
  #began = systemClock.now();
  #progress = systemClock.now();
  #retried = 0;
  #rejected = 0;
  #unanswered = 0;
  #stopped = new AbortController();
  #unsubscribe: () => void;

  constructor(kernel: Kernel, status: () => LinkStatus | undefined) {
    this.#status = status;
    this.#unsubscribe = kernel.journal.subscribe((event) => this.#hear(event));
  }

  #hear({ sim, kind, data }: JournalEvent): void {
    if (sim !== 'hl7' || (kind !== 'message' && kind !== 'ack')) return;
    if (kind === 'message') {
      if (Number(data?.attempt) > 1) this.#retried++;
      return;
    }
    if (data?.outcome === 'error' || data?.outcome === 'reject') {
      this.#rejected++;
      if (this.#rejected <= 5)
        this.#say(`rejected: ${data.type} ${data.control}: ${[data.code, data.reason].filter(Boolean).join(' ')}`);
    }
    if (data?.outcome === 'unanswered') this.#unanswered++;
    if (!['refused', 'silent', 'closed', 'garbled', 'stale'].includes(String(data?.outcome))) this.#progress = this.#clock.now();
  }

  /** Shows the line from now on. */
  start(): void {
    this.#began = this.#progress = this.#clock.now();
    void (async () => {
      const every = process.stdout.isTTY ? EVERY_MS / 5 : EVERY_MS;
      while (!this.#stopped.signal.aborted) {
        await this.#clock.sleep(every, this.#stopped.signal);
        if (!this.#stopped.signal.aborted) this.#draw();
      }
    })();
  }

  stop(): void {
    this.#stopped.abort();
    this.#unsubscribe();
  }

  /** Waits until all is answered, then sums up. @returns the exit code. */
  async end(interrupted: AbortSignal, patienceMs: number): Promise<number> {
    const left = (): number => this.#status()?.queued ?? 0;
    this.#progress = this.#clock.now();
    while (left() > 0 && !interrupted.aborted && this.#status()?.state !== 'stopped') {
      if (this.#clock.now() - this.#progress > patienceMs) {
        this.#say(`nothing was answered for ${patienceMs / 1000} s: ${this.#status()?.lastError ?? 'no answer came'}`);
        break;
      }
      await this.#clock.sleep(LOOK_MS, interrupted);
    }
    this.stop();
    this.#say(this.#line());
    if (left() > 0) this.#say(`${left()} messages were not delivered`);
    return left() > 0 || this.#rejected > 0 ? 1 : 0;
  }

  #line(): string {
    const { sent = 0, acked = 0, queued = 0, lastError } = this.#status() ?? {};
    const seconds = ((this.#clock.now() - this.#began) / 1000).toFixed(1);
    const counts = [`sent ${sent}`, `acknowledged ${acked}`, `retried ${this.#retried}`, `rejected ${this.#rejected}`];
    if (this.#unanswered > 0) counts.push(`unanswered ${this.#unanswered}`);
    if (queued > 0) counts.push(`waiting ${queued}`);
    return `${seconds.padStart(6)} s  ${counts.join('  ')}${lastError && queued > 0 ? `  (${lastError})` : ''}`;
  }

  #draw(): void {
    if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${this.#line()}`);
    else console.log(this.#line());
  }

  #say(text: string): void {
    if (process.stdout.isTTY) process.stdout.write('\r\u001b[K');
    console.log(text);
  }
}
