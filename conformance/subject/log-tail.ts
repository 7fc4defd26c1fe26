import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { Clock } from '#simulators';

/** How often the files are looked at (ms): checks ask what was printed between two moments. */
const EVERY_MS = 100;
const CHUNK = 1024 * 1024;

/** One file that grows; what was there before the run is not of the run. */
class GrowingFile {
  readonly stream = new PassThrough();
  readonly #path: string;
  #at: number;

  constructor(path: string, from: number) {
    this.#path = path;
    this.#at = from;
  }

  /** Takes what was added. One that has become shorter was begun anew. */
  read(): void {
    const size = existsSync(this.#path) ? statSync(this.#path).size : 0;
    if (size < this.#at) this.#at = 0;
    while (this.#at < size) {
      const bytes = Buffer.alloc(Math.min(CHUNK, size - this.#at));
      const handle = openSync(this.#path, 'r');
      const count = readSync(handle, bytes, 0, bytes.length, this.#at);
      closeSync(handle);
      if (count === 0) return;
      this.#at += count;
      this.stream.write(bytes.subarray(0, count));
    }
  }
}

/** Reads the log files of a subject that was not started here, as they grow. */
export class LogTail {
  readonly #path: string;
  readonly #take: (stream: PassThrough) => void;
  readonly #files = new Map<string, GrowingFile>();
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  /** @param path a file, or a folder of which every file is a log; new ones count from their beginning */
  constructor(path: string, clock: Pick<Clock, 'sleep'>, take: (stream: PassThrough) => void) {
    this.#path = path;
    this.#take = take;
    for (const file of this.#present()) this.#open(file, statSync(file).size);
    this.#ended = this.#follow(clock);
  }

  /** Reads what is there still, and ends. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
    this.#read();
    await Promise.all(
      [...this.#files.values()].map(({ stream }) => new Promise<void>((resolve) => stream.once('close', () => resolve()).end())),
    );
  }

  async #follow(clock: Pick<Clock, 'sleep'>): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.#read();
      await clock.sleep(EVERY_MS, this.#stop.signal);
    }
  }

  #read(): void {
    for (const file of this.#present()) if (!this.#files.has(file)) this.#open(file, 0);
    for (const file of this.#files.values()) file.read();
  }

  #open(path: string, from: number): void {
    const file = new GrowingFile(path, from);
    this.#files.set(path, file);
    this.#take(file.stream);
  }

  #present(): string[] {
    if (!existsSync(this.#path)) return [];
    if (statSync(this.#path).isFile()) return [this.#path];
    return readdirSync(this.#path, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => join(this.#path, name));
  }
}
