/** CSV as Bulk API reads and writes it (RFC 4180, six delimiters, LF or CRLF), in pieces of any size. */

export const DELIMITERS: Readonly<Record<string, string>> = {
  COMMA: ',',
  SEMICOLON: ';',
  TAB: '\t',
  PIPE: '|',
  CARET: '^',
  BACKQUOTE: '`',
};

export class CsvError extends Error {}

const QUOTE = '"';

/** Takes text piece by piece and gives rows as they become complete. A line end may be LF or CRLF. */
export class CsvReader {
  /** The line end of the first line; undefined before it was seen. */
  lineEnding?: 'LF' | 'CRLF';
  #delimiter: string;
  #cell = '';
  #row: string[] = [];
  #quoted = false;
  // A quote that was the last character of a piece: whether it ends the cell or stands for itself shows in the next one.
  #open = false;
  #started = false;
  #first = true;
  #rows: string[][] = [];

  constructor(delimiter = ',') {
    this.#delimiter = delimiter;
  }

  /** Rows that this piece completes. */
  push(text: string): string[][] {
    let at = this.#first && text.charCodeAt(0) === 0xfeff ? 1 : 0;
    if (text.length > 0) this.#first = false;
    while (at < text.length) {
      if (this.#open) {
        this.#open = false;
        if (text[at] === QUOTE) {
          this.#cell += QUOTE;
          at++;
        } else this.#quoted = false;
        continue;
      }
      at = this.#quoted ? this.#inQuotes(text, at) : this.#plain(text, at);
    }
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  /** The last row, where the text did not end with a line end. @throws CsvError when a quote was never closed */
  end(): string[][] {
    if (this.#quoted && !this.#open) throw new CsvError('a quoted cell is never closed');
    if (this.#started || this.#row.length > 0) this.#endRow();
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  #inQuotes(text: string, at: number): number {
    const end = text.indexOf(QUOTE, at);
    this.#cell += text.slice(at, end < 0 ? text.length : end);
    if (end < 0) return text.length;
    this.#open = true;
    return end + 1;
  }

  #plain(text: string, from: number): number {
    let at = from;
    for (; at < text.length; at++) {
      const c = text[at]!;
      if (c === this.#delimiter || c === '\n' || (c === QUOTE && !this.#started && at === from)) break;
    }
    if (at > from) {
      this.#cell += text.slice(from, at);
      this.#started = true;
    }
    if (at === text.length) return at;
    if (text[at] === QUOTE) {
      this.#quoted = true;
      this.#started = true;
    } else if (text[at] === '\n') this.#endRow();
    else this.#endCell();
    return at + 1;
  }

  #endCell(): void {
    this.#row.push(this.#cell);
    this.#cell = '';
    this.#started = false;
    this.#quoted = false;
  }

  #endRow(): void {
    const carriage = this.#cell.endsWith('\r');
    this.lineEnding ??= carriage ? 'CRLF' : 'LF';
    if (carriage) this.#cell = this.#cell.slice(0, -1);
    const blank = this.#row.length === 0 && this.#cell === '' && !this.#started;
    this.#endCell();
    const row = this.#row;
    this.#row = [];
    if (!blank && !(row.length === 1 && row[0] === '')) this.#rows.push(row);
  }
}

/** A line with every cell quoted, as Salesforce writes results. */
export const csvLine = (cells: readonly string[], delimiter = ',', lineEnd = '\n'): string =>
  `${cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(delimiter)}${lineEnd}`;
