import { createHash } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import type { JournalEvent } from '#simulators';
import { leaksIn, SecretError, scanFolder } from './secrets/scan.ts';
import type { Secrets } from './secrets/secrets.ts';

const sha256 = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');

/** Evidence that cannot be trusted, or is not there: says which file and what is wrong with it. */
export class EvidenceError extends Error {}

interface Seal {
  kind: 'seal';
  /** SHA-256 of the previous seal's hash and of all lines since. */
  hash: string;
  lines: number;
}

const sealed = (hash: string, lines: number): string => JSON.stringify({ kind: 'seal', hash, lines } satisfies Seal);

/**
 * Writes one process's journal into the run folder as JSON lines, in batches that are chained by hash: a seal line after
 * each batch covers the batch and the seal before it, so that no byte of the file can change unseen.
 */
export class JournalFile {
  readonly file: string;
  #previous = '';
  #lines = 0;
  /** The events that are pending, as JSON. */
  #texts: string[] = [];
  #secrets: Secrets | undefined;

  constructor(file: string, secrets?: Secrets) {
    this.file = file;
    this.#secrets = secrets;
    writeFileSync(file, '');
  }

  /** @param text the event as JSON, where somebody has it */
  add(event: JournalEvent, text = JSON.stringify(event)): void {
    this.#texts.push(text);
    if (this.#texts.length >= 200) this.flush();
  }

  /** Writes what is pending, with its seal. */
  flush(): void {
    if (this.#texts.length === 0) return;
    const text = this.#text();
    this.#lines += this.#texts.length;
    this.#previous = sha256(this.#previous + text);
    appendFileSync(this.file, `${text}${sealed(this.#previous, this.#lines)}\n`);
    this.#texts = [];
  }

  // A call of the subject can carry anything, a secret in its URL among it: the digest tells as much to the judge.
  #text(): string {
    const secrets = this.#secrets;
    const text = `${this.#texts.join('\n')}\n`;
    if (!secrets || secrets.find(text).length === 0) return text;
    return `${this.#texts.map((one) => JSON.stringify(secrets.cleanAll(JSON.parse(one)))).join('\n')}\n`;
  }
}

/** Reads a journal file, refusing one whose chain does not hold. @throws EvidenceError with file and line. */
export const readJournal = (file: string): JournalEvent[] => [...eachIn(file)];

/**
 * The events of a journal file, a batch at a time, as each is seen to be whole: a file of gigabytes is never held.
 * @throws EvidenceError with file and line, when it comes to it
 */
function* eachIn(file: string): Generator<JournalEvent> {
  const name = basename(file);
  let previous = '';
  let batch = '';
  let pending: JournalEvent[] = [];
  let [count, number] = [0, 0];
  for (const { line, isWhole } of linesOf(file)) {
    number++;
    if (!isWhole) throw new EvidenceError(`${name}:${number} has no end: the file was cut`);
    let value: JournalEvent | Seal;
    try {
      value = JSON.parse(line);
    } catch {
      throw new EvidenceError(`${name}:${number} is not JSON: the file was changed or cut`);
    }
    if ((value as { kind?: string } | null)?.kind !== 'seal') {
      batch += `${line}\n`;
      pending.push(value as JournalEvent);
      continue;
    }
    previous = sha256(previous + batch);
    count += pending.length;
    if (line !== sealed(previous, count))
      throw new EvidenceError(`${name}:${number}: the hash chain is broken: something before this line was changed`);
    yield* pending;
    pending = [];
    batch = '';
  }
  if (pending.length > 0) throw new EvidenceError(`${name}: the last ${pending.length} events are not sealed: the file was cut`);
}

const CHUNK = 1 << 16;

// Lines as they were written; the last one is not whole where the file does not end with a line break.
function* linesOf(file: string): Generator<{ line: string; isWhole: boolean }> {
  const from = openSync(file, 'r');
  try {
    const buffer = Buffer.allocUnsafe(CHUNK);
    const decoder = new StringDecoder('utf8');
    let rest = '';
    for (let read = readSync(from, buffer); read > 0; read = readSync(from, buffer)) {
      const lines = (rest + decoder.write(buffer.subarray(0, read))).split('\n');
      rest = lines.pop()!;
      for (const line of lines) yield { line, isWhole: true };
    }
    rest += decoder.end();
    if (rest !== '') yield { line: rest, isWhole: false };
  } finally {
    closeSync(from);
  }
}

// The rest of the file may be gigabytes.
function lastSeal(file: string): string {
  const from = openSync(file, 'r');
  try {
    const end = Buffer.alloc(1024);
    const length = readSync(from, end, 0, end.length, Math.max(0, fstatSync(from).size - end.length));
    const line = end.toString('utf8', 0, length).trimEnd().split('\n').at(-1)!;
    return (JSON.parse(line) as Seal).hash;
  } finally {
    closeSync(from);
  }
}

const isBefore = (a: JournalEvent, b: JournalEvent): boolean =>
  (a.at - b.at || a.process.localeCompare(b.process) || a.seq - b.seq) < 0;

/** The folder of one run: journal, inputs by hash, results, the subject's output. */
export class RunFolder {
  readonly path: string;
  readonly id: string;
  /** What must not be found in it; absent where it is only read. */
  secrets?: Secrets;

  constructor(path: string) {
    this.path = path;
    this.id = basename(path);
  }

  /** Makes `reports/runs/<id>`. */
  static create(root: string, id: string): RunFolder {
    const folder = new RunFolder(join(root, id));
    mkdirSync(join(folder.path, 'journal'), { recursive: true });
    mkdirSync(join(folder.path, 'inputs'), { recursive: true });
    return folder;
  }

  file(name: string): string {
    return join(this.path, name);
  }

  journal(process: string): JournalFile {
    return new JournalFile(join(this.path, 'journal', `${process.replace(/[^\w.-]/g, '_')}.jsonl`), this.secrets);
  }

  /** Keeps an input under its hash; returns the hash, by which the first event names it. */
  keep(content: string): string {
    const hash = sha256(content);
    writeFileSync(join(this.path, 'inputs', hash), content);
    return hash;
  }

  /** @throws EvidenceError when the file is missing or is not what its name says. */
  input(hash: string): string {
    const file = join(this.path, 'inputs', hash);
    if (!existsSync(file)) throw new EvidenceError(`inputs/${hash} is missing`);
    const content = readFileSync(file, 'utf8');
    if (sha256(content) !== hash) throw new EvidenceError(`inputs/${hash} was changed: its content no longer has that hash`);
    return content;
  }

  /** Lines of a file; undefined where there is none. */
  lines(name: string): string[] | undefined {
    return existsSync(this.file(name)) ? readFileSync(this.file(name), 'utf8').split('\n') : undefined;
  }

  /** What all instances of the subject printed; undefined where there is nothing. */
  output(): string[] | undefined {
    const first = this.lines('subject.log');
    const others = this.#logs().filter((name) => name !== 'subject.log');
    return first && [...others.flatMap((name) => this.lines(name) ?? []), ...first];
  }

  #logs(): string[] {
    return readdirSync(this.path)
      .filter((name) => /^subject(-\d+)?\.log$/.test(name))
      .sort();
  }

  /** Takes secrets out of what the subject printed, and wrote into other files: a token could be there before it was known as one. */
  cleanOutput(...others: readonly string[]): void {
    for (const name of [...this.#logs(), ...others.filter((one) => existsSync(this.file(one)))]) {
      const text = readFileSync(this.file(name), 'utf8');
      if (this.secrets && this.secrets.find(text).length > 0)
        writeFileSync(
          this.file(name),
          text
            .split('\n')
            .map((line) => this.#cleanLine(line))
            .join('\n'),
        );
    }
  }

  // A line of JSON stays one.
  #cleanLine(line: string): string {
    if (this.secrets!.find(line).length === 0) return line;
    try {
      return JSON.stringify(this.secrets!.cleanAll(JSON.parse(line)));
    } catch {
      return this.secrets!.clean(line);
    }
  }

  /** Writes a file that was worked out of the others. @throws SecretError, with nothing written, when it holds a secret */
  write(name: string, text: string): void {
    const leaks = this.secrets ? leaksIn(name, text, this.secrets) : [];
    if (leaks.length > 0) throw new SecretError(leaks);
    writeFileSync(this.file(name), text);
  }

  /** Makes sure that nobody finds a secret in it. @throws SecretError when somebody would have; those files are gone */
  seal(): void {
    if (this.secrets) scanFolder(this.path, this.secrets);
  }

  /** The hashes of what all instances printed. */
  outputHashes(): Record<string, string> {
    return Object.fromEntries(this.#logs().map((name) => [name, this.hashOf(name)!]));
  }

  hashOf(name: string): string | undefined {
    return existsSync(this.file(name)) ? sha256(readFileSync(this.file(name))) : undefined;
  }

  /** All events of the run in one order. Between processes it is by time; no verdict rests on what the clocks cannot tell. */
  events(): JournalEvent[] {
    return [...this.eachEvent()];
  }

  /** The same, one by one, without holding them. @throws EvidenceError when it comes to what cannot be trusted */
  *eachEvent(): Generator<JournalEvent> {
    const folder = join(this.path, 'journal');
    if (!existsSync(folder)) throw new EvidenceError(`${this.path} holds no journal: it is not a run folder`);
    const names = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
    const streams = names.map((name) => {
      const events = eachIn(join(folder, name));
      return { events, next: events.next() };
    });
    let none = true;
    for (;;) {
      let first: (typeof streams)[number] | undefined;
      for (const stream of streams)
        if (!stream.next.done && (!first || isBefore(stream.next.value, first.next.value as JournalEvent))) first = stream;
      if (!first) break;
      none = false;
      yield first.next.value as JournalEvent;
      first.next = first.events.next();
    }
    if (none) throw new EvidenceError(`${this.path}: the journal is empty`);
  }

  /** The last seal of each journal, by its file: stands for all that was written before it. */
  lastSeals(): Record<string, string> {
    const folder = join(this.path, 'journal');
    const names = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
    return Object.fromEntries(names.sort().map((name) => [name, lastSeal(join(folder, name))]));
  }

  /** Points `latest` at this run. */
  publish(root: string): void {
    const link = join(root, 'latest');
    const fresh = join(root, `.latest-${this.id}`);
    rmSync(fresh, { force: true });
    symlinkSync(this.id, fresh);
    renameSync(fresh, link);
  }
}
