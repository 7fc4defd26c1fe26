import { pointing, SoqlError } from './error.ts';
import { lex, type Token, type TokenKind } from './lex.ts';

/** Walks the tokens of a statement; every refusal names the token and its place. */
export class Cursor {
  readonly source: string;
  #tokens: Token[];
  #i = 0;

  constructor(source: string) {
    this.source = source;
    this.#tokens = lex(source);
  }

  get here(): Token {
    return this.#tokens[this.#i]!;
  }

  step(): Token {
    return this.#tokens[this.#i++]!;
  }

  end(): void {
    if (this.here.kind !== 'end') throw this.unexpected();
  }

  peek(word: string): boolean {
    return this.here.kind === 'word' && this.here.text.toLowerCase() === word;
  }

  accept(word: string): boolean {
    const found = this.peek(word);
    if (found) this.#i++;
    return found;
  }

  /** One of these words, or undefined. */
  oneOf(words: readonly string[]): string | undefined {
    return words.find((word) => this.accept(word));
  }

  word(word: string): void {
    if (!this.accept(word)) throw this.unexpected();
  }

  sign(sign: string): boolean {
    const found = this.here.kind === 'sign' && this.here.text === sign;
    if (found) this.#i++;
    return found;
  }

  need(sign: string): void {
    if (!this.sign(sign)) throw this.unexpected();
  }

  take(kind: TokenKind): Token {
    if (this.here.kind !== kind) throw this.unexpected();
    return this.step();
  }

  number(): number {
    const token = this.take('number');
    if (!/^\d+$/.test(token.text)) throw this.unexpected(token);
    return Number(token.text);
  }

  list<T>(one: () => T): T[] {
    const items = [one()];
    while (this.sign(',')) items.push(one());
    return items;
  }

  unexpected(token = this.here): SoqlError {
    const message = `unexpected token: '${token.text}'`;
    return new SoqlError('MALFORMED_QUERY', token.at === 0 ? message : pointing(this.source, token.at, message));
  }
}
