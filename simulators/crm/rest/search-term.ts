import { CrmError } from '../errors.ts';

/**
 * What stands between the braces of FIND: words and phrases, AND, AND NOT, OR and parentheses, in any letter case (SOQL and SOSL
 * Reference, "FIND {SearchQuery}"). Words that stand beside each other must all be there. Parentheses come first, then AND and
 * AND NOT from right to left, then OR. In a long one operators count for nothing, and any word will do; a very long one finds
 * nothing.
 */
export type Term = Leaf | Pair | Any;
interface Leaf {
  kind: 'phrase' | 'word';
  text: string;
}
interface Any {
  kind: 'any';
  of: Leaf[];
}
interface Pair {
  kind: 'and' | 'or' | 'and not';
  left: Term;
  right: Term;
}

export const malformed = (message: string): CrmError => new CrmError(400, [{ errorCode: 'MALFORMED_SEARCH', message }]);

interface Token {
  kind: 'phrase' | 'word' | 'and' | 'or' | '(' | ')' | 'end';
  text: string;
}

const TOKEN = /"((?:\\.|[^"\\])*)"|([()])|((?:\\.|[^\s()"\\])+)/gs;

const LONG = 4_000;
const VERY_LONG = 10_000;

const isLeaf = ({ kind }: Token): boolean => kind === 'word' || kind === 'phrase';

/** @throws CrmError MALFORMED_SEARCH */
export function parseTerm(source: string): Term {
  const tokens = [...source.matchAll(TOKEN)].map(([text, phrase, sign, word]): Token => {
    if (phrase !== undefined) return { kind: 'phrase', text: phrase };
    if (sign !== undefined) return { kind: sign as '(' | ')', text };
    return /^(?:and|or)$/i.test(word!) ? { kind: word!.toLowerCase() as 'and' | 'or', text } : { kind: 'word', text };
  });
  const leaves = tokens.filter(isLeaf) as Leaf[];
  const letters = leaves.map(({ text }) => text).join('');
  if (letters.replace(/[\s*?\\]/g, '').length < 2) throw malformed('search term must be longer than one character');
  if (source.length > LONG) return { kind: 'any', of: source.length > VERY_LONG ? [] : leaves };
  let at = 0;
  const here = (): Token => tokens[at] ?? { kind: 'end', text: '<EOF>' };
  const accept = (kind: Token['kind']): boolean => {
    const found = here().kind === kind;
    if (found) at++;
    return found;
  };
  const term = either();
  if (here().kind !== 'end') throw malformed(`unexpected token: ${here().text}`);
  return term;

  function either(): Term {
    let left = both();
    while (accept('or')) left = { kind: 'or', left, right: both() };
    return left;
  }

  function both(): Term {
    const left = one();
    if (accept('and')) {
      const not = here().kind === 'word' && here().text.toLowerCase() === 'not';
      if (not) at++;
      return { kind: not ? 'and not' : 'and', left, right: both() };
    }
    return isLeaf(here()) || here().kind === '(' ? { kind: 'and', left, right: both() } : left;
  }

  function one(): Term {
    const { kind, text } = here();
    at++;
    if (kind === 'word' || kind === 'phrase') return { kind, text };
    if (kind !== '(') throw malformed(`unexpected token: ${text}`);
    const inner = either();
    if (!accept(')')) throw malformed('expecting a right parentheses, found <EOF>');
    return inner;
  }
}

/** Whether a term is met by the texts of a record, in lower case; `*` and `?` stand for letters, unless they are escaped. */
export function matcher(term: Term): (texts: readonly string[]) => boolean {
  if ('text' in term) {
    const test = term.kind === 'word' ? wordTest(term.text) : phraseTest(term.text);
    return (texts) => texts.some(test);
  }
  if (term.kind === 'any') {
    const tests = term.of.map(matcher);
    return (texts) => tests.some((test) => test(texts));
  }
  const { kind } = term;
  const [left, right] = [matcher(term.left), matcher(term.right)];
  if (kind === 'or') return (texts) => left(texts) || right(texts);
  return (texts) => left(texts) && right(texts) === (kind === 'and');
}

function phraseTest(phrase: string): (text: string) => boolean {
  const wanted = phrase.replace(/\\(.)/gs, '$1').toLowerCase();
  return (text) => text.includes(wanted);
}

function wordTest(word: string): (text: string) => boolean {
  const pattern = word.toLowerCase().replace(/\\(.)|([\s\S])/gu, (_, escaped?: string, plain?: string) => {
    if (plain === '*') return '.*';
    return plain === '?' ? '.' : (escaped ?? plain)!.replace(/[.*+?^${}()|[\]\\/]/g, (sign) => `\\${sign}`);
  });
  const whole = new RegExp(`^${pattern}$`, 'u');
  const digits = word.replace(/\D/g, '');
  return (text) =>
    whole.test(text) ||
    text.split(/[^\p{L}\p{N}]+/u).some((token) => whole.test(token)) ||
    (digits.length >= 4 && digits.length >= word.length - 4 && text.replace(/\D/g, '').includes(digits));
}
