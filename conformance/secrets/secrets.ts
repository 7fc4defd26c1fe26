import { digest, type JournalEvent, tokenMark } from '#simulators';
import { lineSpellings, type Spellings, spellings } from './spellings.ts';

/** Values so short that they are words anyway are left alone. */
const SHORTEST = 4;
const TOKEN = 'ACCESS_TOKEN';

/** A stretch of a text that must not be seen. */
interface Span {
  start: number;
  end: number;
  names: readonly string[];
  marks: readonly string[];
}

const CODED = /[A-Za-z0-9+/_=-]/;
const MARK = /<secret [A-Z0-9_]+ [0-9a-f]{16}>/g;
/** What a token of the sandbox can look like; `%21` is its exclamation mark in a URL. */
const WORDS = /(?:[A-Za-z0-9._!-]|%21)+/g;
/** What either can be part of, where it is long enough to hold a token: shorter ones are most of any text. */
const RUNS = /[A-Za-z0-9._!%+/=-]{32,}/g;
const BASE64 = /[A-Za-z0-9+/_-]{40,}={0,2}/g;
const SHORTEST_TOKEN = 32;

/** The names of the secrets that a text held, where each now stands as its digest. */
export const marksIn = (text: string): string[] => (text.match(MARK) ?? []).map((mark) => mark.split(' ')[1]!);

/**
 * The secrets of one run: found in any text, in every spelling, and shown as salted digests, so that it can be judged later
 * that a secret was there, and which, without anybody learning it. The salt is made for the run and kept nowhere: nobody can
 * try passwords against a digest. Judging needs no salt, since a digest stands where the secret stood.
 */
export class Secrets {
  #salt: string;
  #forms = new Map<string, { name: string; mark: string; isCoded: boolean }>();
  #escaped = new Map<string, { name: string; mark: string; escaped: RegExp }>();
  /** Marks that were given out: what merely looks like one hides nothing. */
  #given = new Set<string>();
  #sandboxes = new Map<string, { seed: string; runKey: string }>();
  #tokens = new Set<string>();
  #known = new Map<string, boolean>();
  #inside = new Map<string, string | undefined>();

  constructor(salt: string) {
    this.#salt = salt;
  }

  /** From now on this value is found and hidden. */
  know(name: string, value: string): void {
    if (value.length < SHORTEST) return;
    this.#learn(name, value, spellings(value));
  }

  /** The same for a line of a private key. */
  knowLine(name: string, line: string): void {
    this.#learn(name, line, lineSpellings(line));
  }

  #learn(name: string, value: string, { plain, coded, escaped }: Spellings): void {
    const mark = this.#mark(name, value);
    for (const form of coded) this.#forms.set(form, { name, mark, isCoded: true });
    for (const form of plain) this.#forms.set(form, { name, mark, isCoded: false });
    if (escaped) this.#escaped.set(value, { name, mark, escaped });
  }

  #mark(name: string, value: string): string {
    const mark = `<secret ${name.toUpperCase().replace(/[^A-Z0-9_]/g, '_')} ${digest(this.#salt, value).slice(0, 16)}>`;
    this.#given.add(mark);
    return mark;
  }

  /** Learns of the tokens of the run: the journal holds only marks of them, by which they are recognised. */
  hear({ kind, data }: Pick<JournalEvent, 'kind' | 'data'>): void {
    if (kind === 'start') {
      const sandbox = { seed: String(data?.seed), runKey: String(data?.runKey) };
      this.#sandboxes.set(JSON.stringify(sandbox), sandbox);
    } else if (kind === 'token') {
      for (const mark of [data?.token, data?.refresh]) if (typeof mark === 'string') this.#tokens.add(mark);
    } else return;
    this.#known.clear();
    this.#inside.clear();
  }

  /** Names of the secrets that a text holds. */
  find(text: string): string[] {
    return [...new Set(this.#spans(text).flatMap(({ names }) => names))];
  }

  /** The text with a digest in place of each secret. */
  clean(text: string): string {
    let clean = '';
    let from = 0;
    for (const { start, end, marks } of this.#spans(text)) {
      clean += text.slice(from, start) + marks.join('');
      from = end;
    }
    return clean + text.slice(from);
  }

  /** The same for all texts in a value, so that JSON stays JSON. */
  cleanAll<T>(value: T): T {
    if (typeof value === 'string') return this.clean(value) as T;
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((one) => this.cleanAll(one)) as T;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [this.clean(key), this.cleanAll(one)])) as T;
  }

  // All secrets at once: one that overlaps another, or holds it, hides with it.
  #spans(text: string): Span[] {
    const spans = [...this.#valueSpans(text), ...this.#tokenSpans(text)];
    if (spans.length === 0) return [];
    const shown = [...text.matchAll(MARK)].filter(([mark]) => this.#given.has(mark));
    const open = spans.filter(({ start, end }) => !shown.some((at) => start >= at.index && end <= at.index + at[0].length));
    const merged: Span[] = [];
    for (const span of open.sort((a, b) => a.start - b.start || b.end - a.end)) {
      const last = merged.at(-1);
      if (!last || span.start >= last.end) merged.push(span);
      else {
        const names = [...new Set([...last.names, ...span.names])];
        const marks = [...new Set([...last.marks, ...span.marks])];
        merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, span.end), names, marks };
      }
    }
    return merged;
  }

  #valueSpans(text: string): Span[] {
    const spans: Span[] = [];
    for (const [form, { name, mark, isCoded }] of this.#forms)
      for (let start = text.indexOf(form); start >= 0; start = text.indexOf(form, start + 1)) {
        const found = { start, end: start + form.length };
        spans.push({ ...(isCoded ? widened(text, found) : found), names: [name], marks: [mark] });
      }
    for (const { name, mark, escaped } of this.#escaped.values())
      for (const { 0: found, index } of text.matchAll(escaped))
        spans.push({ start: index, end: index + found.length, names: [name], marks: [mark] });
    return spans;
  }

  #tokenSpans(text: string): Span[] {
    if (this.#tokens.size === 0) return [];
    const spans: Span[] = [];
    for (const { 0: run, index } of text.matchAll(RUNS)) {
      const found = [
        ...[...run.matchAll(WORDS)].map((at) => ({ at, token: this.#tokenIn(at[0]) })),
        ...[...run.matchAll(BASE64)].map((at) => ({ at, token: this.#tokenInside(at[0]) })),
      ];
      for (const { at, token } of found) {
        const start = index + at.index;
        if (token) spans.push({ start, end: start + at[0].length, names: [TOKEN], marks: [this.#mark(TOKEN, token)] });
      }
    }
    return spans;
  }

  // Ids of records look like base64, too, and come again and again: each is looked into once.
  #tokenInside(code: string): string | undefined {
    if (this.#inside.has(code)) return this.#inside.get(code);
    const words = Buffer.from(code, 'base64').toString('latin1').match(WORDS) ?? [];
    const token = words.flatMap((word) => this.#tokenIn(word) ?? [])[0];
    this.#inside.set(code, token);
    return token;
  }

  // With what may stand at the end of a sentence.
  #tokenIn(word: string): string | undefined {
    if (word.length < SHORTEST_TOKEN) return undefined;
    const plain = word.replaceAll('%21', '!');
    return [plain, plain.replace(/^[._-]+|[._!-]+$/g, '')].find((one) => this.#isToken(one));
  }

  #isToken(word: string): boolean {
    const known = this.#known.get(word);
    if (known !== undefined) return known;
    const is = [...this.#sandboxes.values()].some((sandbox) => this.#tokens.has(tokenMark(sandbox, word)));
    this.#known.set(word, is);
    return is;
  }
}

// Letters of base64 hold bits of what stands beside them: all of it goes.
function widened(text: string, { start, end }: { start: number; end: number }): { start: number; end: number } {
  while (start > 0 && CODED.test(text[start - 1]!)) start--;
  while (end < text.length && CODED.test(text[end]!)) end++;
  return { start, end };
}
