import { type Info, parse } from 'csv-parse/sync';
import { nearest, type Problem } from '../manifest/problem.ts';

/** One record of a CSV file, with where each cell begins: what a message needs to point at it. */
export interface CsvLine {
  /** Counts from 1; the header is a line too. */
  line: number;
  cells: Readonly<Record<string, string>>;
  /** Character column of each cell, from 1. */
  columns: Readonly<Record<string, number>>;
}

export interface CsvTable {
  file: string;
  header: string[];
  lines: CsvLine[];
}

/** Which columns a file must and may have; others are mistakes unless `open`. */
export interface CsvShape {
  required: readonly string[];
  optional?: readonly string[];
  open?: boolean;
}

/** Where the cells of a raw record begin, from 1; commas and line ends within quotes do not count. */
function cellStarts(raw: string): number[] {
  const starts = [1];
  let quoted = false;
  for (let i = 0; i < raw.length; i++) {
    if (raw[i] === '"') quoted = !quoted;
    else if (raw[i] === ',' && !quoted) starts.push(i + 2);
  }
  return starts;
}

/** Parses CSV text as spreadsheets write it. All mistakes come back as problems; cells are trimmed. */
export function readCsv(text: string, file: string, shape: CsvShape): { table: CsvTable; problems: Problem[] } {
  const problems: Problem[] = [];
  const table: CsvTable = { file, header: [], lines: [] };
  const error = (line: number, column: number | undefined, message: string, fix: string) =>
    void problems.push({ severity: 'error', file, line, column, message, fix });

  let records: { record: string[]; info: Info; raw: string }[];
  try {
    records = parse(text, { bom: true, info: true, raw: true, relax_column_count: true, skip_empty_lines: true }) as never;
  } catch (thrown) {
    const { message, lines = 1 } = thrown as Error & { lines?: number };
    error(
      lines,
      undefined,
      message.replace(/ at line \d+.*$/, ''),
      'put quotation marks around cells that hold a comma, and double those inside',
    );
    return { table, problems };
  }

  const [head, ...rows] = records;
  if (!head) {
    error(1, 1, 'the file is empty', `begin it with the line ${shape.required.join(',')}`);
    return { table, problems };
  }
  table.header = head.record.map((name) => name.trim());
  if (table.header.length === 1 && /[;\t]/.test(table.header[0]!)) {
    error(1, 1, 'the columns are not separated by commas', 'save the sheet as "CSV, comma separated"');
    return { table, problems };
  }
  const known = [...shape.required, ...(shape.optional ?? [])];
  const starts = cellStarts(head.raw);
  table.header.forEach((name, i) => {
    if (table.header.indexOf(name) < i) error(1, starts[i], `the column "${name}" occurs twice`, 'remove one of the two');
    else if (!shape.open && !known.includes(name)) {
      const near = nearest(
        name,
        known.filter((column) => !table.header.includes(column)),
      );
      error(
        1,
        starts[i],
        `unknown column "${name}"`,
        near ? `rename it to "${near}"` : `remove it; the columns are ${known.join(', ')}`,
      );
    }
  });
  for (const name of shape.required) {
    if (!table.header.includes(name))
      error(1, undefined, `the column "${name}" is missing`, `add it to the first line: ${known.join(',')}`);
  }

  for (const { record, info, raw } of rows) {
    if (record.every((cell) => cell.trim() === '')) continue;
    const line = info.lines - (raw.trimEnd().split(/\r\n|\r|\n/).length - 1);
    const columns = cellStarts(raw);
    if (record.length > table.header.length) {
      const fix = 'put quotation marks around a cell that holds a comma';
      error(line, columns[table.header.length], `${record.length} cells, but only ${table.header.length} columns`, fix);
    }
    table.lines.push({
      line,
      cells: Object.fromEntries(table.header.map((name, i) => [name, (record[i] ?? '').trim()])),
      columns: Object.fromEntries(table.header.map((name, i) => [name, columns[i] ?? 1])),
    });
  }
  return { table, problems };
}
