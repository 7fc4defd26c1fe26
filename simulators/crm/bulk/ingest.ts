import type { Cell } from '#kernel';
import { CrmError } from '../errors.ts';
import { makeId } from '../ids.ts';
import type { Org } from '../org.ts';
import type { Body } from '../writer.ts';
import { CsvError, CsvReader, csvLine, DELIMITERS } from './csv.ts';
import { breath, Parts, pieces } from './parts.ts';
import { columnsOf, errorText, type Operation, type RowResult, writeRows } from './write.ts';

export type JobState = 'Open' | 'UploadComplete' | 'InProgress' | 'JobComplete' | 'Failed' | 'Aborted';

/** A Bulk API 2.0 job as it is kept. */
export interface Job {
  id: string;
  kind: 'ingest' | 'query';
  operation: Operation | 'query' | 'queryAll';
  object: string;
  externalId?: string;
  query?: string;
  columnDelimiter: string;
  lineEnding: 'LF' | 'CRLF';
  version: string;
  userId: string;
  actor: string;
  created: number;
  modified: number;
  state: JobState;
  error?: string;
  uploaded?: boolean;
  processed: number;
  failed: number;
  began?: number;
  ended?: number;
  autoAssign: boolean;
}

const KEPT_MS = 7 * 86_400_000;
const PIECE = 64 * 1024;

/** The bulk jobs of one org: their state, and the work on them. */
export class Jobs {
  readonly parts: Parts;
  readonly #org: Org;
  readonly #jobs: Cell<Job>;
  #running = new Map<string, Promise<void>>();

  constructor(org: Org) {
    this.#org = org;
    this.#jobs = org.kernel.cell<Job>('crm.bulk');
    this.parts = new Parts(org.kernel.database);
  }

  find(id: string): Job | undefined {
    const found = this.#jobs.get(
      id.length === 15 ? ([...this.#jobs.values()].find((job) => job.id.startsWith(id))?.id ?? id) : id,
    );
    return found;
  }

  list(kind: Job['kind']): Job[] {
    return [...this.#jobs.values()].filter((job) => job.kind === kind);
  }

  create(job: Omit<Job, 'id' | 'created' | 'modified' | 'processed' | 'failed'>): Job {
    const now = this.#org.kernel.clock.now();
    for (const { id, created } of [...this.#jobs.values()]) if (created < now - KEPT_MS) this.remove(id);
    const id = makeId('750', this.#org.kernel.mint('crm/job'));
    return this.save({ ...job, id, created: now, modified: now, processed: 0, failed: 0 });
  }

  save(job: Job): Job {
    const kept = { ...job, modified: this.#org.kernel.clock.now() };
    this.#jobs.set(job.id, kept);
    return kept;
  }

  remove(id: string): void {
    this.#jobs.delete(id);
    this.parts.remove(id);
  }

  /** Takes the CSV of a job. */
  async upload(job: Job, body: Buffer): Promise<void> {
    for (let at = 0; at < body.length; at += PIECE) {
      this.parts.append(job.id, 'upload', body.subarray(at, at + PIECE));
      if (at % (16 * PIECE) === 0) await breath();
    }
    this.save({ ...this.find(job.id)!, uploaded: true });
  }

  /** Works on a job in the background, if nobody does yet. */
  start(id: string, work: (job: Job) => Promise<void>): void {
    if (this.#running.has(id)) return;
    const running = breath()
      .then(async () => {
        const job = this.find(id);
        if (!job || !['UploadComplete', 'InProgress'].includes(job.state)) return;
        await work(this.save({ ...job, state: 'InProgress', began: job.began ?? this.#org.kernel.clock.now() }));
      })
      .catch((error) => this.#broke(id, error))
      .finally(() => this.#running.delete(id));
    this.#running.set(id, running);
  }

  #broke(id: string, error: unknown): void {
    if (!this.#org.open) return;
    const job = this.find(id);
    if (!job) return;
    if (error instanceof CrmError || error instanceof CsvError) this.end(job, 'Failed', said(error));
    else {
      this.#org.kernel.report(error, { sim: 'crm', tenant: this.#org.id });
      this.end(job, 'Failed', 'InternalServerError : the simulator failed; see the journal');
    }
  }

  end(job: Job, state: JobState, error?: string): void {
    this.save({ ...this.find(job.id)!, state, error, ended: this.#org.kernel.clock.now() });
  }

  /** Resolves when no job is being worked on. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values());
  }

  /** Writes what was uploaded, from where it stopped. */
  ingest(job: Job): Promise<void> {
    return new Ingest(this.#org, this, job).run();
  }

  /** Goes on with what a process that ended left undone. */
  resume(query: (job: Job) => Promise<void>): void {
    for (const { id, state, kind } of this.#jobs.values()) {
      if (state !== 'UploadComplete' && state !== 'InProgress') continue;
      this.start(id, kind === 'ingest' ? (job) => this.ingest(job) : query);
    }
  }
}

const said = (error: Error): string => {
  if (error instanceof CsvError) return `InvalidBatch : Failed to parse CSV: ${error.message}`;
  const [{ errorCode, message }] = (error as CrmError).entries as [{ errorCode: string; message: string }];
  return `${errorCode} : ${message}`;
};

/** One run over the rows of an upload. */
class Ingest {
  #org: Org;
  #jobs: Jobs;
  #job: Job;
  #header?: string[];
  #columns: ((body: Body, cell: string) => void)[] = [];
  #skip: number;
  #waiting: { cells: string[]; body: Body }[] = [];
  #n = 0;

  constructor(org: Org, jobs: Jobs, job: Job) {
    this.#org = org;
    this.#jobs = jobs;
    this.#job = job;
    this.#skip = job.processed;
  }

  async run(): Promise<void> {
    const reader = new CsvReader(DELIMITERS[this.#job.columnDelimiter]);
    const decoder = new TextDecoder();
    for await (const piece of pieces(this.#jobs.parts, this.#job.id, 'upload')) {
      if (!(await this.#take(reader.push(decoder.decode(piece, { stream: true })), reader))) return;
    }
    if (!(await this.#take([...reader.push(decoder.decode()), ...reader.end()], reader))) return;
    if (this.#waiting.length > 0 && !(await this.#write())) return;
    this.#jobs.end(this.#job, 'JobComplete');
  }

  /** False when the job was aborted meanwhile. */
  async #take(rows: string[][], reader: CsvReader): Promise<boolean> {
    const { bulkRows } = this.#org.settings.all;
    for (const cells of rows) {
      if (!this.#header) {
        this.#begin(cells, reader);
        continue;
      }
      this.#n++;
      if (this.#n <= this.#skip) continue;
      if (cells.length !== this.#header.length)
        throw new CsvError(`row ${this.#n} has ${cells.length} columns, not ${this.#header.length}`);
      const body: Body = {};
      for (const [i, column] of this.#columns.entries()) column(body, cells[i]!);
      this.#waiting.push({ cells, body });
      if (this.#waiting.length >= bulkRows && !(await this.#write())) return false;
    }
    return true;
  }

  #begin(header: string[], reader: CsvReader): void {
    const { lineEnding, object, userId } = this.#job;
    if (reader.lineEnding && reader.lineEnding !== lineEnding) {
      const message = `LineEnding is invalid on user data. Current LineEnding setting is ${lineEnding}`;
      throw new CrmError(400, [{ errorCode: 'ClientInputError', message }]);
    }
    this.#header = header.map((name) => name.trim());
    this.#columns = columnsOf(this.#org.viewOf(userId).type(object)!, this.#header);
  }

  async #write(): Promise<boolean> {
    const rows = this.#waiting;
    this.#waiting = [];
    const { id, userId, actor, operation, object, externalId, version, autoAssign } = this.#job;
    const manner = {
      session: { userId, actor },
      act: operation === 'insert' ? 'create' : operation === 'hardDelete' ? 'delete' : operation,
      origin: `com/salesforce/api/bulk/${version}`,
      wishes: { autoAssign, allowSave: false, recordDetails: false },
      data: { job: id },
    };
    const type = this.#org.viewOf(userId).type(object)!;
    const work = { type, operation: operation as Operation, externalId };
    await writeRows(
      this.#org,
      manner,
      work,
      rows.map(({ body }) => body),
      (results) => this.#keep(rows, results),
    );
    await breath();
    return this.#org.open && this.#jobs.find(id)?.state === 'InProgress';
  }

  // Result files grow in the transaction that writes the rows.
  #keep(rows: { cells: string[] }[], results: RowResult[]): void {
    const { id, columnDelimiter, lineEnding } = this.#job;
    const line = (cells: string[]) => csvLine(cells, DELIMITERS[columnDelimiter], lineEnding === 'CRLF' ? '\r\n' : '\n');
    const texts = { ok: '', failed: '' };
    for (const [i, { id: record, success, created, errors }] of results.entries()) {
      if (success) texts.ok += line([record, String(created), ...rows[i]!.cells]);
      else texts.failed += line([record, errorText(errors), ...rows[i]!.cells]);
    }
    if (texts.ok) this.#jobs.parts.append(id, 'ok', texts.ok);
    if (texts.failed) this.#jobs.parts.append(id, 'failed', texts.failed);
    const job = this.#jobs.find(id)!;
    const failed = results.filter(({ success }) => !success).length;
    this.#jobs.save({ ...job, processed: job.processed + results.length, failed: job.failed + failed });
  }
}

/** The header of an upload, and its rows after the first `skip`: what a result file repeats. */
export async function uploaded(jobs: Jobs, job: Job, skip: number): Promise<{ header: string[]; rows: string[][] }> {
  const reader = new CsvReader(DELIMITERS[job.columnDelimiter]);
  const decoder = new TextDecoder();
  const rows: string[][] = [];
  let header: string[] | undefined;
  let n = 0;
  const take = (some: string[][]) => {
    for (const cells of some) {
      if (!header) header = cells.map((name) => name.trim());
      else if (++n > skip) rows.push(cells);
    }
  };
  try {
    for await (const piece of pieces(jobs.parts, job.id, 'upload')) {
      take(reader.push(decoder.decode(piece, { stream: true })));
      // Only the header was asked for.
      if (header && skip === Number.POSITIVE_INFINITY) return { header, rows };
    }
    take([...reader.push(decoder.decode()), ...reader.end()]);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
  }
  return { header: header ?? [], rows };
}
