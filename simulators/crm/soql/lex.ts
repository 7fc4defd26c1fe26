import { pointing, SoqlError } from './error.ts';

export type TokenKind = 'word' | 'string' | 'number' | 'date' | 'datetime' | 'time' | 'sign' | 'end';

export interface Token {
  kind: TokenKind;
  /** As written; of a string, what it says. */
  text: string;
  /** Where it begins, in characters from 0. */
  at: number;
}

const PATTERNS: [TokenKind | 'blank', RegExp][] = [
  ['blank', /\s+/y],
  ['datetime', /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})/iy],
  ['date', /\d{4}-\d{2}-\d{2}(?!T)/iy],
  ['time', /\d{2}:\d{2}:\d{2}(?:\.\d+)?Z/iy],
  ['number', /[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w-])/iy],
  ['word', /[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*/y],
  ['string', /'(?:[^'\\]|\\[\s\S])*'/y],
  ['sign', /<=|>=|!=|<>|[=<>(),:]/y],
];

const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', '"': '"', "'": "'", '\\': '\\' };

// \_ and \% keep their backslash: LIKE alone gives them a meaning.
function unescaped(source: string, text: string, at: number): string {
  return text.slice(1, -1).replace(/\\(u[0-9a-fA-F]{4}|[\s\S])/g, (whole, code: string) => {
    if (code.length === 5) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    const known = ESCAPES[code] ?? (code === '_' || code === '%' ? whole : undefined);
    if (known === undefined) {
      throw new SoqlError(
        'MALFORMED_QUERY',
        pointing(source, at, `Invalid string literal. Illegal character sequence '${whole}' in string literal.`),
      );
    }
    return known;
  });
}

/** Cuts a query into tokens; the last is of kind `end`. @throws SoqlError */
export function lex(source: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < source.length; ) {
    const [kind, text] = next(source, at);
    if (kind === 'string') tokens.push({ kind, text: unescaped(source, text, at), at });
    else if (kind !== 'blank') tokens.push({ kind, text: kind === 'word' ? text.replace(/\s/g, '') : text, at });
    at += text.length;
  }
  tokens.push({ kind: 'end', text: '<EOF>', at: source.length });
  return tokens;
}

function next(source: string, at: number): [TokenKind | 'blank', string] {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at;
    const text = pattern.exec(source)?.[0];
    if (text) return [kind, text];
  }
  // A datetime whose "+" was not percent-encoded arrives with a blank in its place: a mistake made often enough to
  // have an error text that people search for.
  const cut = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?/.exec(source.slice(at))?.[0];
  const bad = at + (cut?.length ?? 0);
  const line = source.slice(0, bad).split('\n');
  throw new SoqlError(
    'MALFORMED_QUERY',
    `line ${line.length}:${line[line.length - 1]!.length} no viable alternative at character '${source[bad] ?? '<EOF>'}'`,
  );
}
