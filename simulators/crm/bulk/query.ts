import type { RecordRef } from '#kernel';
import { CrmError, crmError } from '../errors.ts';
import type { Org } from '../org.ts';
import { type Prepared, prepare, type Shown } from '../soql/select.ts';
import { csvLine, DELIMITERS } from './csv.ts';
import type { Job, Jobs } from './ingest.ts';
import { breath } from './parts.ts';

const PIECE = 200;

/** Lines of a query's result with the records that they show. */
interface Piece {
  lines: string[];
  served: RecordRef[];
}

/** Checks what a bulk query may not hold: Bulk API 2.0 Developer Guide, "Query Jobs". @throws SoqlError, CrmError */
export function prepareBulk(org: Org, userId: string, soql: string): Prepared {
  const statement = prepare(soql, org.queryTools(userId));
  const refused = statement.counts || statement.grouped ? 'aggregate functions or GROUP BY' : undefined;
  const why =
    refused ?? (statement.query.offset ? 'OFFSET' : statement.nested ? 'subqueries' : statement.typed ? 'TYPEOF' : undefined);
  if (why)
    throw new CrmError(400, [
      { errorCode: 'API_ERROR', message: `Implementation restriction: bulk queries do not support ${why}` },
    ]);
  return statement;
}

const cell = (row: Shown, path: readonly string[], type: string): string => {
  let value: unknown = row;
  for (const name of path) value = (value as Shown | null)?.[name];
  if (value === null || value === undefined) return '';
  return type === 'datetime' ? String(value).replace('+0000', 'Z') : String(value);
};

/** Runs a query to its end and keeps what it showed, as of one moment. */
export async function runQuery(org: Org, jobs: Jobs, job: Job): Promise<void> {
  const statement = prepareBulk(org, job.userId, job.query!);
  const rows = await drainBulk(org, job);
  const [delimiter, lineEnd] = [DELIMITERS[job.columnDelimiter], job.lineEnding === 'CRLF' ? '\r\n' : '\n'];
  const { columns } = statement;
  jobs.parts.append(
    job.id,
    'header',
    csvLine(
      columns.map(({ path }) => path.join('.')),
      delimiter,
      lineEnd,
    ),
  );
  for (let at = 0; at < rows.length; at += PIECE) {
    const served: RecordRef[] = [];
    const shown = statement.show(rows.slice(at, at + PIECE), job.version, served);
    const lines = shown.map((row) =>
      csvLine(
        columns.map(({ path, type }) => cell(row, path, type)),
        delimiter,
        lineEnd,
      ),
    );
    const piece: Piece = { lines, served };
    jobs.parts.append(job.id, 'result', JSON.stringify(piece));
    await breath();
    if (!org.open || jobs.find(job.id)?.state !== 'InProgress') return;
  }
  jobs.save({ ...jobs.find(job.id)!, processed: rows.length });
  jobs.end(job, 'JobComplete');
}

// With a breath between slices; a write meanwhile starts it again, so that the rows belong to one moment.
async function drainBulk(org: Org, job: Job) {
  for (let attempt = 0; ; attempt++) {
    const running = prepareBulk(org, job.userId, job.query!).rows({ deleted: job.operation === 'queryAll' });
    const { head } = org.store;
    while (attempt === 3 || org.store.head === head) {
      const step = running.next();
      if (step.done) return step.value;
      if (attempt < 3) await breath();
    }
  }
}

/** A page of a result: lines from one row on, and where the next page begins. */
export async function resultPage(jobs: Jobs, job: Job, from: number, max: number) {
  const lines: string[] = [];
  const served: RecordRef[] = [];
  const end = Math.min(job.processed, from + max);
  for (let n = Math.floor(from / PIECE); n * PIECE < end; n++) {
    const [data] = jobs.parts.read(job.id, 'result', n, 1);
    if (!data) break;
    const piece = JSON.parse(data.toString()) as Piece;
    const [a, b] = [Math.max(0, from - n * PIECE), Math.min(PIECE, end - n * PIECE)];
    lines.push(...piece.lines.slice(a, b));
    served.push(...piece.served.slice(a, b));
    if (n % 4 === 3) await breath();
  }
  const header = jobs.parts.read(job.id, 'header')[0] ?? Buffer.alloc(0);
  const next = end < job.processed ? locator(job, end) : 'null';
  return { text: header.toString() + lines.join(''), served, rows: lines.length, next };
}

const locator = ({ id }: Job, at: number): string => Buffer.from(`${id}:${at}`).toString('base64url');

/** @throws CrmError INVALID_QUERY_LOCATOR */
export function locatedAt({ id }: Job, text: string): number {
  const [job, at] = Buffer.from(text, 'base64url').toString().split(':');
  if (job !== id || !/^\d+$/.test(at ?? '')) throw crmError('bad-locator');
  return Number(at);
}
