import net, { type AddressInfo, type Socket } from 'node:net';
import { digest } from '#kernel';
import { buildAck, Refusal } from '../message/ack.ts';
import { decodeText } from '../message/charset.ts';
import { type Message, occurrences, parseMessage, plain, rawField, value } from '../message/parse.ts';
import { parseDate, parseTime } from '../message/time.ts';
import { MllpDecoder } from '../mllp.ts';
import { AUTHORITY } from './site.ts';

/** How a receiver does its work: the first of each is right, the others are bugs that are met. */
export interface Habits {
  framing: 'stream' | 'packet' | 'first-byte' | 'any-start' | 'fs-cr';
  connections: 'all' | 'first-only';
  atClose: 'forgets-part' | 'takes-part';
  silence: 'waits' | 'leaves';
  junk: 'skipped' | 'fatal';
  largest: number;
  batches: 'opened' | 'unknown';
  segmentEnds: 'any' | 'cr-only';
  delimiters: 'declared' | 'fixed' | 'four-only';
  segments: 'lenient' | 'known-only' | 'upper-case-only' | 'anything';
  escapes: 'kept' | 'refused';
  charset: 'falls-back' | 'utf8-only';
  checks: 'all' | 'none';
  answers: 'messages' | 'anything';
  sequence: 'ignored' | 'enforced';
  identity: 'authority' | 'first' | 'by-name';
  aliases: 'followed' | 'ignored';
  mismatch: 'set-aside' | 'trusted';
  merges: 'checked' | 'trusted' | 'known-only';
  duplicates: 'content' | 'control-id' | 'none';
  order: 'both' | 'event-time' | 'arrival';
  empty: 'keeps' | 'clears';
  nulls: 'deletes' | 'stores';
  repetition: 'by-type' | 'first' | 'last';
  dates: 'as-precise' | 'completed';
  zones: 'clinic' | 'utc';
  codes: 'mapped' | 'verbatim';
  results: 'each' | 'all-or-nothing';
  tests: 'filtered' | 'taken';
}

export const RIGHT: Habits = {
  ...{ framing: 'stream', connections: 'all', atClose: 'forgets-part', silence: 'waits', junk: 'skipped', largest: 10_000_000 },
  ...{ batches: 'opened', segmentEnds: 'any', delimiters: 'declared', segments: 'lenient', escapes: 'kept' },
  ...{ charset: 'falls-back', checks: 'all', answers: 'messages', sequence: 'ignored', identity: 'authority' },
  ...{ aliases: 'followed', mismatch: 'set-aside', merges: 'checked', duplicates: 'content', order: 'both', empty: 'keeps' },
  ...{ nulls: 'deletes', repetition: 'by-type', dates: 'as-precise', zones: 'clinic', codes: 'mapped', results: 'each' },
  tests: 'filtered',
};

export interface Held {
  family?: string;
  birth?: string;
  sex?: string;
  phone?: string;
  street?: string;
  /** Start of the visit. */
  visit?: string;
  results?: string[];
  /** Whom it was merged into. */
  into?: string;
}

export const ZONE = 'America/New_York';
const QUIET_MS = 200;
const KNOWN = ['MSH', 'EVN', 'PID', 'PV1', 'MRG', 'SCH', 'RGS', 'AIS', 'AIL', 'AIP', 'OBR', 'OBX', 'NTE', 'ORC', 'TQ1', 'SFT'];
const EVENTS = ['A04', 'A08', 'A31', 'A40', 'S12', 'R01'];
const SEXES: Record<string, string> = { female: 'F', male: 'M', other: 'O', unknown: 'U' };

const refuse = (code: number, why: string): never => {
  throw new Refusal('AE', code, '', why);
};

/** A receiver with those habits, on a port of its own. What it holds in the end is what the habits made of the feed. */
export class ModelReceiver {
  readonly people = new Map<string, Held>();
  /** Messages that it filed as new, that it set aside, and answers that it gave to what is no message. */
  filed = 0;
  aside = 0;
  bogus = 0;
  /** How often what is older took the place of what is newer. */
  fellBack = 0;
  readonly #habits: Habits;
  readonly #answerMs: number;
  readonly #server: net.Server;
  readonly #sockets = new Set<Socket>();
  #order = new Map<string, { stamp: string; control: string }>();
  #seen = new Set<string>();
  #sequence = 0;
  #quiet?: NodeJS.Timeout;

  constructor(habits: Habits, answerMs = 0) {
    this.#habits = habits;
    this.#answerMs = answerMs;
    this.#server = net.createServer((socket) => this.#serve(socket));
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    clearTimeout(this.#quiet);
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  get state(): unknown {
    const people = [...this.people].sort(([a], [b]) => (a < b ? -1 : 1));
    return { people: Object.fromEntries(people), filed: this.filed, bogus: this.bogus, fellBack: this.fellBack };
  }

  #serve(socket: Socket): void {
    const { connections, atClose, junk, largest, silence } = this.#habits;
    this.#sockets.add(socket);
    const frames = framer(this.#habits);
    let part = '';
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      clearTimeout(this.#quiet);
      if (silence === 'leaves') this.#quiet = setTimeout(() => this.close(), QUIET_MS);
      if (connections === 'first-only' && [...this.#sockets][0] !== socket) return;
      part += chunk.toString('latin1');
      for (const found of frames(chunk)) {
        if ('junk' in found) {
          if (junk !== 'fatal') continue;
          this.close();
          return;
        }
        part = '';
        if (found.frame.length > largest) return void socket.destroy();
        const answer = this.#take(found.frame);
        if (answer !== undefined) setTimeout(() => socket.write(`\u000b${answer}\u001c\r`), this.#answerMs);
      }
    });
    socket.on('close', () => {
      this.#sockets.delete(socket);
      if (atClose === 'takes-part' && part.startsWith('\u000b')) this.#take(Buffer.from(part.slice(1), 'latin1'));
    });
  }

  #take(frame: Buffer): string | undefined {
    const text = this.#text(frame);
    if (/^MSH.ACK|^MSH(?:.[^\r]*?){1}\|ACK/.test(text) || text.trim() === '') {
      if (this.#habits.answers === 'messages') return undefined;
      this.bogus++;
      return 'MSH|^~\\&|R|R|S|S|1||ACK|1|P|2.5.1\rMSA|AA|\r';
    }
    const { batches } = this.#habits;
    const messages = batches === 'opened' ? text.replace(/^(?:[FB]HS|[FB]TS).*[\r\n]+/gm, '').split(/(?=^MSH)/m) : [text];
    const answers = messages.map((one) => this.#answer(one));
    return answers.findLast((answer) => answer !== undefined);
  }

  #answer(text: string): string | undefined {
    let message: Message;
    try {
      message = parseMessage(this.#reshaped(text));
    } catch {
      this.aside++;
      return undefined;
    }
    const options = { message, control: 'a', time: '20260302120000' };
    try {
      this.#file(message, text);
      return buildAck(options);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.aside++;
      return buildAck({ ...options, refusal: error });
    }
  }

  #text(frame: Buffer): string {
    return this.#habits.charset === 'utf8-only' ? frame.toString('utf8') : decodeText(frame);
  }

  #reshaped(text: string): string {
    const { segmentEnds, delimiters } = this.#habits;
    const set = text.slice(4).split(text[3] ?? '|')[0] ?? '';
    if (delimiters === 'fixed' && !text.startsWith('MSH|')) throw new Error('no MSH|');
    if (delimiters === 'four-only' && set.length !== 4) throw new Error('MSH-2 has four characters');
    return segmentEnds === 'cr-only' ? text.replaceAll('\n', ' ') : text;
  }

  #check(message: Message, text: string): void {
    const { segments, escapes, checks, sequence } = this.#habits;
    const raw = text.split(/[\r\n]+/).filter(Boolean);
    const names = raw.map((line) => line.split(message.delimiters.field)[0] ?? '');
    if (segments !== 'anything' && !names.every((name) => /^[A-Za-z][A-Za-z0-9]{2}$/.test(name))) refuse(100, 'no segment');
    if (segments === 'known-only' && !names.every((name) => KNOWN.includes(name.toUpperCase()))) refuse(100, 'unknown segment');
    if (segments === 'upper-case-only' && names.some((name) => name !== name.toUpperCase())) refuse(100, 'no segment');
    const mark = message.delimiters.escape;
    const odd = text.split(mark).length % 2 === 1;
    // MSH-2 holds the character once.
    if (escapes === 'refused' && mark !== '' && odd) refuse(102, 'odd escape');
    const number = Number(value(message, 'MSH', 13) || 0);
    if (sequence === 'enforced' && number > 0) {
      if (number !== this.#sequence + 1) refuse(100, 'out of sequence');
      this.#sequence = number;
    }
    if (checks === 'none') return;
    if (!/[\r\n]$/.test(text)) refuse(100, 'cut short');
    if (!value(message, 'MSH', 10)) refuse(101, 'MSH-10');
    if (!EVENTS.includes(value(message, 'MSH', 9, 2))) refuse(201, 'event');
    if (!rawField(message, 'PID', 3)) refuse(101, 'PID-3');
    if (value(message, 'MSH', 9, 2) === 'A40' && !value(message, 'MRG', 1)) refuse(101, 'MRG-1');
  }

  #file(message: Message, text: string): void {
    const { duplicates, tests } = this.#habits;
    this.#check(message, text);
    const control = value(message, 'MSH', 10);
    const content = digest(...message.segments.slice(1).map(({ fields }) => fields.join('|')));
    const key = duplicates === 'control-id' ? control : content;
    if (duplicates !== 'none' && this.#seen.has(key)) return;
    if (tests === 'filtered' && /^ZZ/.test(value(message, 'PID', 5))) return;
    const mrn = this.#whom(message);
    this.#guard(message, mrn);
    if (value(message, 'MSH', 9, 2) === 'A40') this.#merge(message, mrn);
    this.#seen.add(key);
    this.filed++;
    const held = this.people.get(mrn) ?? {};
    this.people.set(mrn, held);
    const start = value(message, 'SCH', 11, 4);
    if (start) held.visit = parseTime(start, this.#habits.zones === 'utc' ? 'UTC' : ZONE);
    this.#results(message, held);
    const order = { stamp: value(message, 'EVN', 2) || value(message, 'MSH', 7), control };
    if (!this.#isStale(mrn, order)) this.#tell(message, held);
  }

  #whom(message: Message): string {
    const { identity, aliases } = this.#habits;
    const ids = occurrences(message, 'PID', 3);
    const own = ids.find((each) => plain(message, each[3], 2) === AUTHORITY);
    if (!own && this.#habits.checks === 'all') refuse(204, 'nobody of ours');
    if (identity === 'by-name') return `${value(message, 'PID', 5)} ${value(message, 'PID', 7)}`;
    const mrn = plain(message, (identity === 'first' ? ids[0] : own)?.[0]);
    return aliases === 'followed' ? (this.people.get(mrn)?.into ?? mrn) : mrn;
  }

  // A message whose name and birth date are both another's is not about who its number says.
  #guard(message: Message, mrn: string): void {
    const said = plain(message, occurrences(message, 'PID', 3)[0]?.[0]);
    const held = this.people.get(said) ?? this.people.get(mrn);
    const [family, birth] = [value(message, 'PID', 5), parseDate(value(message, 'PID', 7))];
    const other = held?.family && held.birth && family !== held.family && birth !== held.birth && family && birth;
    if (other && !held.into && this.#habits.mismatch === 'set-aside') refuse(207, 'another person');
  }

  #merge(message: Message, survivor: string): void {
    const { merges } = this.#habits;
    const retired = value(message, 'MRG', 1);
    if (merges === 'known-only' && !this.people.has(retired)) refuse(204, 'unknown');
    const loops = retired === survivor || retired === plain(message, occurrences(message, 'PID', 3)[0]?.[0]);
    if (merges === 'checked' && (loops || this.people.get(survivor)?.into === retired)) refuse(205, 'into itself');
    if (retired) this.people.set(retired, { ...this.people.get(retired), into: survivor });
  }

  #isStale(mrn: string, { stamp, control }: { stamp: string; control: string }): boolean {
    const before = this.#order.get(mrn);
    const { order } = this.#habits;
    const older = before !== undefined && stamp < before.stamp;
    // A clock that is wrong does not make a newer message old, nor a new number an old one new.
    const behind = older && control < before.control;
    const stale = order === 'event-time' ? older : order === 'both' && behind;
    if (behind && !stale) this.fellBack++;
    if (!stale) this.#order.set(mrn, { stamp, control });
    return stale;
  }

  #results(message: Message, held: Held): void {
    for (const { name, fields } of message.segments.filter((one) => one.name === 'OBX')) {
      const sound = Boolean(fields[2] && fields[5]);
      if (!sound && this.#habits.results === 'all-or-nothing') refuse(102, `${name}-2`);
      if (sound) held.results = [...(held.results ?? []), fields[5]!];
    }
  }

  #tell(message: Message, held: Held): void {
    const { empty, nulls, repetition, dates, codes } = this.#habits;
    const set = (key: 'family' | 'birth' | 'sex' | 'phone' | 'street', n: number, read: () => string): void => {
      const raw = rawField(message, 'PID', n);
      if (raw === '' ? empty === 'clears' : raw === '""' && nulls === 'deletes') delete held[key];
      else if (raw !== '') held[key] = read();
    };
    const [first = [], ...more] = occurrences(message, 'PID', 5);
    set('family', 5, () => plain(message, (repetition === 'last' ? more.at(-1) : undefined)?.[0] ?? first[0]));
    set('birth', 7, () => {
      const date = parseDate(value(message, 'PID', 7)) ?? '';
      return dates === 'completed' ? `${date}-01-01`.slice(0, 10) : date;
    });
    set('sex', 8, () => {
      const code = value(message, 'PID', 8);
      return codes === 'mapped' ? (SEXES[code.toLowerCase()] ?? code) : code;
    });
    set('street', 11, () => value(message, 'PID', 11));
    set('phone', 13, () => {
      const all = occurrences(message, 'PID', 13);
      const chosen = repetition === 'first' ? all[0] : all.find((each) => each[2] === 'CP');
      return (chosen?.[0] ?? rawField(message, 'PID', 13)).replace(/\D/g, '') || rawField(message, 'PID', 13);
    });
  }
}

type Found = { frame: Buffer } | { junk: Buffer };

function framer({ framing }: Habits): (chunk: Buffer) => Found[] {
  const decoder = new MllpDecoder();
  let rest = Buffer.alloc(0);
  const until = (end: string) => (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    const frames: Found[] = [];
    for (let at = rest.indexOf(end, 0, 'latin1'); at >= 0; at = rest.indexOf(end, 0, 'latin1')) {
      frames.push({
        frame: Buffer.from(
          rest
            .subarray(0, at)
            .toString('latin1')
            .replace(/^[\r\n]*/, '')
            .replace('\u000b', ''),
          'latin1',
        ),
      });
      rest = rest.subarray(at + end.length);
    }
    return frames;
  };
  if (framing === 'packet') return (chunk) => [{ frame: chunk.subarray(1, -2) }];
  if (framing === 'first-byte') return (chunk) => (chunk[0] === 0x0b ? decoder.push(chunk) : []);
  if (framing === 'any-start') return until('\u001c');
  if (framing === 'fs-cr') return until('\u001c\r');
  return (chunk) => decoder.push(chunk);
}
