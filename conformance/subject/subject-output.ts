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
  /** How much came when the file was full, in bytes about. */
  #lost = 0;
  #tail: string[] = [];
  /** The newest of what came then, as it came. */
  #latest = '';

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
    if (this.#latest === '') return this.#tail;
    // Its beginning may be half of a secret, as it may be half of a line.
    const whole = this.#latest.slice(Math.max(this.#latest.indexOf('\n') + 1, this.#latest.length - HELD_BACK));
    return this.#clean(whole).split(/\r?\n/).filter(Boolean).slice(-TAIL);
  }

  /** Reads a stream to its end. */
  attach(stream: Readable, name: 'out' | 'err'): void {
    const decoder = new StringDecoder('utf8');
    let rest = '';
    const take = (text: string) => {
      // Who writes without end must not keep us from our work: what is not kept is not looked at either.
      if (this.#full && !this.#onLine) return this.#lose(text);
      const whole = rest + text;
      const end = whole.lastIndexOf('\n') + 1;
      rest = whole.slice(end);
      if (end > 0) this.#keep(name, whole.slice(0, end - 1));
      if (rest.length > LONGEST) {
        // The end is held back: a secret may be only half there.
        const clean = this.#clean(rest);
        this.#write(name, pieces(clean.slice(0, -HELD_BACK)));
        rest = clean.slice(-HELD_BACK);
      }
    };
    stream.on('data', (chunk: Buffer) => take(decoder.write(chunk)));
    stream.once('close', () => {
      take(decoder.end());
      if (rest) this.#keep(name, rest);
      rest = '';
    });
    stream.on('error', () => {});
  }

  /** Adds a line of our own: started, stopped, killed. These are kept however full the file is. */
  note(text: string): void {
    this.#write('syncproof', [text]);
  }

  close(): void {
    if (this.#handle === undefined) return;
    if (this.#lost > 0) this.note(`${Math.ceil(this.#lost / MEGABYTE)} MB more came, and were not kept`);
    closeSync(this.#handle);
    this.#handle = undefined;
  }

  #lose(text: string): void {
    this.#lost += text.length;
    this.#latest = (this.#latest + text).slice(-2 * HELD_BACK);
  }

  // Secrets hold no line end: many lines are cleaned at once.
  #keep(name: 'out' | 'err', lines: string): void {
    const clean = this.#clean(lines)
      .split('\n')
      .flatMap((line) => pieces(line.replace(/\r$/, '')));
    this.#tail = [...this.#tail, ...clean.slice(-TAIL)].slice(-TAIL);
    this.#write(name, clean);
  }

  #clean(text: string): string {
    return this.#secrets.clean(text);
  }

  #write(stream: OutputLine['stream'], texts: readonly string[]): void {
    const at = this.#clock.micros();
    const wall = new Date(this.#clock.now()).toISOString();
    const isOurs = stream === 'syncproof';
    if (this.#handle !== undefined && (isOurs || !this.#full)) {
      let rows = '';
      for (const text of texts) {
        const row = `${wall} ${stream} ${text}\n`;
        this.#full ||= !isOurs && this.#written + rows.length + row.length > this.#limit;
        if (this.#full && !isOurs) this.#lost += row.length;
        else rows += row;
      }
      if (this.#full && !isOurs) rows += `${wall} syncproof output beyond ${Math.round(this.#limit / MEGABYTE)} MB is not kept\n`;
      this.#written += writeSync(this.#handle, rows);
    }
    for (const text of texts) this.#onLine?.({ at, wall, stream, text });
  }
}

/** A line in pieces that are not too long; an empty one is a piece too. */
function pieces(line: string): string[] {
  const found = [line.slice(0, LONGEST)];
  for (let start = LONGEST; start < line.length; start += LONGEST) found.push(line.slice(start, start + LONGEST));
  return found;
}
