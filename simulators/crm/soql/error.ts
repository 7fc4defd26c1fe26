/** A query that the org refuses. `code` is Salesforce's errorCode; NOT_IMPLEMENTED marks what this simulator lacks. */
export class SoqlError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** A message that points at a place in the query, as the org prints it. `at` counts characters from 0. */
export function pointing(source: string, at: number, message: string): string {
  const before = source.slice(0, at).split('\n');
  const column = before[before.length - 1]!.length + 1;
  const line = source.split('\n')[before.length - 1]!;
  // The org shows a window of the line around the place, not the whole statement.
  const from = Math.max(0, column - 60);
  const shown = line.slice(from, from + 90);
  const caret = `${' '.repeat(column - 1 - from)}^`;
  return `\n${shown}\n${caret}\nERROR at Row:${before.length}:Column:${column}\n${message}`;
}

export const notImplemented = (what: string): SoqlError =>
  new SoqlError('NOT_IMPLEMENTED', `This simulator does not implement ${what} in SOQL.`);
