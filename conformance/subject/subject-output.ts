import { closeSync, openSync, writeSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Clock } from '#simulators';
import type { Secrets } from '../secrets/secrets.ts';

/** One line that the subject printed, with secrets taken out. `syncproof` marks what we noted ourselves. */
export interface OutputLine {
  /** Monotonic microseconds, as in the journal. */
  at: number;
  /** ISO 8601. */
  wall: string;
  stream: 'out' | 'err' | 'syncproof';
  text: string;
}

const MEGABYTE = 1024 * 1024;
/** Longer lines are cut into pieces, so that a subject that never ends a line cannot fill the memory. */
const LONGEST = 64 * 1024;
const HELD_BACK = 4096;
const TAIL = 20;

/** The subject's output: kept in a file, line by line with time, without secrets, up to a size. */
export class SubjectOutput {
  readonly file: string;
  #clock: Clock;
  #secrets: Secrets;
  #onLine?: (line: OutputLine) => void;
  #limit: number;
  #handle: number | undefined;
  #written = 0;
  #full = false;
  #tail: string[] = [];

  constructor(options: {
    file: string;
    clock: Clock;
    secrets: Secrets;
    onLine?: (line: OutputLine) => void;
    limitBytes?: number;
  }) {
    this.file = options.file;
    this.#clock = options.clock;
    this.#secrets = options.secrets;
    this.#onLine = options.onLine;
    this.#limit = options.limitBytes ?? 50 * MEGABYTE;
    this.#handle = openSync(options.file, 'a', 0o600);
  }

  /** The last lines that the subject itself printed. */
  get tail(): readonly string[] {
    return this.#tail;
  }

  /** Reads a stream to its end. */
  attach(stream: Readable, name: 'out' | 'err'): void {
    const decoder = new StringDecoder('utf8');
    let rest = '';
    const take = (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#cut(name, line);
      if (rest.length > LONGEST) {
        // The end is held back: a secret may be only half there.
        const clean = this.#secrets.clean(rest);
        this.#cut(name, clean.slice(0, -HELD_BACK));
        rest = clean.slice(-HELD_BACK);
      }
    };
    stream.on('data', (chunk: Buffer) => take(decoder.write(chunk)));
    stream.once('close', () => {
      take(decoder.end());
      if (rest) this.#cut(name, rest);
      rest = '';
    });
    stream.on('error', () => {});
  }

  /** Adds a line of our own: started, stopped, killed. */
  note(text: string): void {
    this.#write('syncproof', text);
  }

  close(): void {
    if (this.#handle !== undefined) closeSync(this.#handle);
    this.#handle = undefined;
  }

  #cut(name: 'out' | 'err', line: string): void {
    const clean = this.#secrets.clean(line.replace(/\r$/, ''));
    for (let start = 0; start === 0 || start < clean.length; start += LONGEST) {
      const text = clean.slice(start, start + LONGEST);
      this.#tail = [...this.#tail.slice(1 - TAIL), text];
      this.#write(name, text);
    }
  }

  #write(stream: OutputLine['stream'], text: string): void {
    const line = { at: this.#clock.micros(), wall: new Date(this.#clock.now()).toISOString(), stream, text };
    const row = `${line.wall} ${stream} ${text}\n`;
    if (this.#handle !== undefined && !this.#full) {
      this.#full = this.#written + row.length > this.#limit;
      const kept = this.#full
        ? `${line.wall} syncproof output beyond ${Math.round(this.#limit / MEGABYTE)} MB is not kept\n`
        : row;
      this.#written += writeSync(this.#handle, kept);
    }
    this.#onLine?.(line);
  }
}
