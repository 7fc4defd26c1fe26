import { PassThrough } from 'node:stream';
import type { Clock } from '#simulators';

/** How often the page is asked for (ms): a call of the subject's own, so not as often as a file is looked at. */
const EVERY_MS = 500;
const TIMEOUT_MS = 5_000;

/**
 * The log of a subject as a page that answers with all of it, or with what comes after a byte where the server heeds ranges. One
 * that cannot be had while the subject is down is asked for again.
 */
export class LogPage {
  readonly stream = new PassThrough();
  readonly #url: string;
  readonly #stop = new AbortController();
  #at: number;
  #following: Promise<void> = Promise.resolve();

  private constructor(url: string, at: number) {
    this.#url = url;
    this.#at = at;
  }

  /**
   * @param skips whether what stands there now was there before the run, and is nobody's business here
   * @throws Error when the page cannot be had: nothing of such a log would ever be seen
   */
  static async open(url: string, { clock, skips }: { clock: Pick<Clock, 'sleep'>; skips: boolean }): Promise<LogPage> {
    const page = new LogPage(url, 0);
    const { bytes } = await page.#fetch();
    page.#at = skips ? bytes.length : 0;
    page.#following = page.#follow(clock);
    return page;
  }

  /** Reads what was added still, and ends. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#following;
    await this.#read();
    await new Promise<void>((resolve) => this.stream.once('close', () => resolve()).end());
  }

  async #follow(clock: Pick<Clock, 'sleep'>): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#read();
      await clock.sleep(EVERY_MS, this.#stop.signal);
    }
  }

  async #read(): Promise<void> {
    const { bytes, from } = await this.#fetch().catch(() => ({ bytes: Buffer.alloc(0), from: this.#at }));
    const length = from + bytes.length;
    // One that has become shorter was begun anew.
    const added = length < this.#at ? bytes : bytes.subarray(this.#at - from);
    this.#at = length;
    if (added.length > 0) this.stream.write(added);
  }

  // From a byte on where the server can; one whose log is shorter by now has nothing there, and is asked for all of it.
  async #fetch(): Promise<{ bytes: Buffer; from: number }> {
    const ask = (headers: Record<string, string>) => fetch(this.#url, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
    let answer = await ask(this.#at > 0 ? { range: `bytes=${this.#at}-` } : {});
    if (answer.status === 416) {
      await answer.arrayBuffer();
      const [, whole] = /\*\/(\d+)$/.exec(answer.headers.get('content-range') ?? '') ?? [];
      if (Number(whole) === this.#at) return { bytes: Buffer.alloc(0), from: this.#at };
      answer = await ask({});
    }
    const bytes = Buffer.from(await answer.arrayBuffer());
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    return { bytes, from: answer.status === 206 ? this.#at : 0 };
  }
}
