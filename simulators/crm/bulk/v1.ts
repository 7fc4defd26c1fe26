import type { Cell, Context, Face, Reply } from '#kernel';
import { CrmError } from '../errors.ts';
import { makeId } from '../ids.ts';
import { isRetired } from '../levers.ts';
import type { Org } from '../org.ts';
import { asCrmError } from '../rest/call.ts';
import type { Session } from '../sessions.ts';
import { element, escaped } from '../soap-xml.ts';
import type { Shown } from '../soql/select.ts';
import type { Body } from '../writer.ts';
import { CsvError, CsvReader, csvLine } from './csv.ts';
import { breath } from './parts.ts';
import { prepareBulk } from './query.ts';
import { columnsOf, errorText, keyOf, OPERATIONS, type Operation, type RowResult, writeRows } from './write.ts';

/** Bulk API 1.0 as far as jsforce, simple-salesforce and Camel call it: "Bulk API Developer Guide". */

interface Job {
  id: string;
  operation: Operation | 'query' | 'queryAll';
  object: string;
  externalId?: string;
  contentType: 'CSV' | 'JSON';
  state: 'Open' | 'Closed' | 'Aborted';
  version: string;
  userId: string;
  actor: string;
  created: number;
}

interface Batch {
  id: string;
  jobId: string;
  state: 'Queued' | 'InProgress' | 'Completed' | 'Failed' | 'NotProcessed';
  message?: string;
  processed: number;
  failed: number;
  created: number;
  modified: number;
}

const NAMESPACE = 'http://www.force.com/2009/06/asyncapi/dataload';

class AsyncError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const xml = (status: number, body: string): Reply => ({
  status,
  headers: { 'content-type': 'application/xml; charset=UTF-8' },
  body: `<?xml version="1.0" encoding="UTF-8"?>${body}`,
});
const json = (status: number, value: unknown): Reply => ({
  status,
  headers: { 'content-type': 'application/json; charset=UTF-8' },
  body: JSON.stringify(value),
});

const fieldsXml = (values: Record<string, unknown>): string =>
  Object.entries(values)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `<${name}>${escaped(String(value))}</${name}>`)
    .join('');

/** Adds the Bulk API 1.0 to the face. */
export function mountBulk1(face: Face, org: Org): void {
  const api = new Bulk1(org);
  const add = (method: string, path: string, doc: string, run: (call: AsyncCall) => Reply | Promise<Reply>) =>
    face.route(method, `/services/async/:version/${path}`, { operation: 'bulk1', tier: 'semantic', doc }, (context) =>
      api.serve(context, run),
    );
  add('POST', 'job', 'creates a job', (call) => api.create(call));
  add('GET', 'job/:job', 'a job', (call) => api.show(call));
  add('POST', 'job/:job', 'closes or aborts a job', (call) => api.close(call));
  add('POST', 'job/:job/batch', 'takes rows, or a query', (call) => api.addBatch(call));
  add('GET', 'job/:job/batch', 'the batches of a job', (call) => api.batches(call));
  add('GET', 'job/:job/batch/:batch', 'a batch', (call) => api.batch(call));
  add('GET', 'job/:job/batch/:batch/request', 'what a batch was sent', (call) => api.request(call));
  add('GET', 'job/:job/batch/:batch/result', 'results of rows, or the list of results of a query', (call) => api.result(call));
  add('GET', 'job/:job/batch/:batch/result/:result', 'rows that a query found', (call) => api.rows(call));
}

interface AsyncCall {
  context: Context;
  session: Session;
  /** Control messages are JSON. */
  asJson: boolean;
  body: string;
  params: Record<string, string>;
}

class Bulk1 {
  #org: Org;
  #jobs: Cell<Job>;
  #batches: Cell<Batch>;

  constructor(org: Org) {
    this.#org = org;
    this.#jobs = org.kernel.cell<Job>('crm.bulk1.jobs');
    this.#batches = org.kernel.cell<Batch>('crm.bulk1.batches');
  }

  async serve(context: Context, run: (call: AsyncCall) => Reply | Promise<Reply>): Promise<Reply> {
    const { headers, body, params } = context.request;
    const form = `${headers['content-type'] ?? ''} ${headers.accept ?? ''}`;
    const known = params.job ? this.#jobs.get(params.job) : undefined;
    const asJson = known ? known.contentType === 'JSON' : /json/i.test(form);
    try {
      const token = headers['x-sfdc-session'];
      const session = this.#session(token ? `Bearer ${token}` : headers.authorization, context);
      this.#org.countCall();
      if (isRetired(this.#org.overrides, params.version))
        throw new AsyncError('InvalidVersion', `Unsupported version: ${params.version}`);
      return await run({ context, session, asJson, body: body.toString(), params });
    } catch (error) {
      const known = error instanceof AsyncError ? error : asAsync(error);
      if (!known) throw error;
      const { code, message } = known;
      const parts = { exceptionCode: code, exceptionMessage: message };
      return asJson ? json(400, parts) : xml(400, `<error xmlns="${NAMESPACE}">${fieldsXml(parts)}</error>`);
    }
  }

  #session(authorization: string | undefined, { exchange, setActor }: Context): Session {
    try {
      const session = this.#org.sessions.check(authorization, exchange.id);
      setActor(session.actor);
      return session;
    } catch (error) {
      if (error instanceof CrmError) throw new AsyncError('InvalidSessionId', 'Invalid session id');
      throw error;
    }
  }

  create(call: AsyncCall): Reply {
    const { body, session, context } = call;
    const given = call.asJson ? parsed<Record<string, string>>(body) : undefined;
    const read = (name: string) => (given ? given[name] : element(body, name));
    const operation = (read('operation') ?? '') as Job['operation'];
    const type = this.#org.viewOf(session.userId).type(read('object') ?? '');
    if (![...OPERATIONS, 'query', 'queryAll'].includes(operation))
      throw new AsyncError('InvalidJob', `Unable to parse Job: unsupported operation ${operation}`);
    if (!type) throw new AsyncError('InvalidJob', `Unable to find object: ${read('object')}`);
    const externalId = read('externalIdFieldName') || undefined;
    if (operation === 'upsert' && !(externalId && keyOf(type, externalId)))
      throw new AsyncError('InvalidJob', 'External ID was blank or is no external id field of the object');
    const contentType = (read('contentType') || (call.asJson ? 'JSON' : 'CSV')) as Job['contentType'];
    if (!['CSV', 'JSON'].includes(contentType))
      throw new AsyncError('InvalidJob', `This simulator does not take ${contentType} data`);
    const job: Job = {
      id: makeId('750', this.#org.kernel.mint('crm/job')),
      operation,
      object: type.name,
      externalId,
      contentType,
      state: 'Open',
      version: context.request.params.version!,
      userId: session.userId,
      actor: session.actor,
      created: this.#org.kernel.clock.now(),
    };
    this.#jobs.set(job.id, job);
    return this.#jobReply(call, job, 201);
  }

  show(call: AsyncCall): Reply {
    return this.#jobReply(call, this.#job(call));
  }

  close(call: AsyncCall): Reply {
    const job = this.#job(call);
    const state = call.asJson ? parsed<{ state?: string }>(call.body).state : element(call.body, 'state');
    if (state !== 'Closed' && state !== 'Aborted') throw new AsyncError('InvalidJob', `Unsupported state: ${state}`);
    const changed: Job = { ...job, state };
    this.#jobs.set(job.id, changed);
    return this.#jobReply(call, changed);
  }

  addBatch(call: AsyncCall): Reply {
    const job = this.#job(call);
    if (job.state !== 'Open') throw new AsyncError('InvalidJobState', `Invalid job state: ${job.state}`);
    if (call.body.length > 10_000_000) throw new AsyncError('InvalidBatch', 'A batch must not exceed 10,000,000 characters');
    if (call.body.trim() === '')
      throw new AsyncError('ClientInputError', 'Failed to read request. Request may be empty or its content type may be wrong');
    const now = this.#org.kernel.clock.now();
    const id = makeId('751', this.#org.kernel.mint('crm/batch'));
    const batch: Batch = { id, jobId: job.id, state: 'Queued', processed: 0, failed: 0, created: now, modified: now };
    this.#batches.set(id, batch);
    this.#org.jobs.parts.append(id, 'upload', call.body);
    void breath().then(() => this.#work(job, batch, call.body));
    return this.#batchReply(call, batch, 201);
  }

  async #work(job: Job, batch: Batch, text: string): Promise<void> {
    if (!this.#org.open) return;
    const state = this.#save({ ...batch, state: 'InProgress' });
    try {
      const query = job.operation === 'query' || job.operation === 'queryAll';
      const counts = query ? await this.#find(job, state, text) : await this.#write(job, state, text);
      if (this.#org.open) this.#save({ ...state, ...counts, state: 'Completed' });
    } catch (error) {
      if (!this.#org.open) return;
      const known = asCrmError(error);
      if (!known && !(error instanceof CsvError) && !(error instanceof AsyncError))
        this.#org.kernel.report(error, { sim: 'crm', tenant: this.#org.id });
      const message = known ? `InvalidBatch : ${known.entries[0]!.message.trim()}` : `InvalidBatch : ${(error as Error).message}`;
      this.#save({ ...state, state: 'Failed', message });
    }
  }

  async #write(job: Job, batch: Batch, text: string): Promise<Pick<Batch, 'processed' | 'failed'>> {
    const { userId, actor, operation, object, externalId, version, contentType } = job;
    const type = this.#org.viewOf(userId).type(object)!;
    const rows = contentType === 'JSON' ? jsonRows(text) : csvRows(text, (header) => columnsOf(type, header));
    const origin = `com/salesforce/api/bulk/${version}`;
    const act = operation === 'insert' ? 'create' : operation === 'hardDelete' ? 'delete' : operation;
    const manner = { session: { userId, actor }, act, origin, data: { job: job.id } };
    const { bulkRows } = this.#org.settings.all;
    let failed = 0;
    for (let at = 0; at < rows.length && this.#org.open; at += bulkRows) {
      const work = { type, operation: operation as Operation, externalId };
      await writeRows(this.#org, manner, work, rows.slice(at, at + bulkRows), (results) => {
        failed += results.filter((one) => !one.success).length;
        this.#org.jobs.parts.append(batch.id, 'result', JSON.stringify(results));
      });
      await breath();
    }
    return { processed: rows.length, failed };
  }

  async #find(job: Job, batch: Batch, soql: string): Promise<Pick<Batch, 'processed' | 'failed'>> {
    const statement = prepareBulk(this.#org, job.userId, soql);
    const running = statement.rows({ deleted: job.operation === 'queryAll' });
    let step = running.next();
    while (!step.done) {
      await breath();
      step = running.next();
    }
    const rows = step.value;
    const names = statement.columns.map(({ path }) => path.join('.'));
    this.#org.jobs.parts.append(batch.id, 'header', JSON.stringify(names));
    for (let at = 0; at < rows.length; at += 200) {
      const shown = statement
        .show(rows.slice(at, at + 200), job.version, [])
        .map((row) => dated(row, statement.columns, job.contentType));
      this.#org.jobs.parts.append(batch.id, 'result', JSON.stringify(shown));
      await breath();
    }
    return { processed: rows.length, failed: 0 };
  }

  batches(call: AsyncCall): Reply {
    const { id } = this.#job(call);
    const all = [...this.#batches.values()].filter((batch) => batch.jobId === id).map(batchFields);
    if (call.asJson) return json(200, { batchInfo: all });
    return xml(
      200,
      `<batchInfoList xmlns="${NAMESPACE}">${all.map((one) => `<batchInfo>${fieldsXml(one)}</batchInfo>`).join('')}</batchInfoList>`,
    );
  }

  batch(call: AsyncCall): Reply {
    return this.#batchReply(call, this.#batch(call));
  }

  request(call: AsyncCall): Reply {
    const type = call.asJson ? 'application/json' : 'text/csv';
    return { status: 200, headers: { 'content-type': type }, body: this.#all(this.#batch(call).id, 'upload').join('') };
  }

  result(call: AsyncCall): Reply {
    const job = this.#job(call);
    const batch = this.#batch(call);
    if (job.operation === 'query' || job.operation === 'queryAll') {
      const ids = batch.state === 'Completed' ? [makeResultId(batch.id)] : [];
      if (call.asJson) return json(200, ids);
      return xml(200, `<result-list xmlns="${NAMESPACE}">${ids.map((id) => `<result>${id}</result>`).join('')}</result-list>`);
    }
    const results = this.#all(batch.id, 'result').flatMap((text) => JSON.parse(text) as RowResult[]);
    if (job.contentType === 'JSON') return json(200, results.map(jsonResult));
    const lines = results.map(({ id, success, created, errors }) =>
      csvLine([id, String(success), String(created), errorText(errors)]),
    );
    return {
      status: 200,
      headers: { 'content-type': 'text/csv' },
      body: csvLine(['Id', 'Success', 'Created', 'Error']) + lines.join(''),
    };
  }

  rows(call: AsyncCall): Reply {
    const batch = this.#batch(call);
    if (call.params.result !== makeResultId(batch.id)) throw new AsyncError('InvalidBatch', 'Result id does not exist');
    const rows = this.#all(batch.id, 'result').flatMap((text) => JSON.parse(text) as Shown[]);
    if (this.#job(call).contentType === 'JSON') return json(200, rows);
    const names = JSON.parse(this.#all(batch.id, 'header')[0] ?? '[]') as string[];
    const lines = rows.map((row) => csvLine(names.map((name) => cellOf(row, name))));
    return { status: 200, headers: { 'content-type': 'text/csv' }, body: csvLine(names) + lines.join('') };
  }

  #all(id: string, part: string): string[] {
    return this.#org.jobs.parts.read(id, part, 0, Number.MAX_SAFE_INTEGER).map(String);
  }

  #job({ params, session }: AsyncCall): Job {
    const job = this.#jobs.get(params.job!);
    if (!job || job.userId !== session.userId) throw new AsyncError('InvalidJob', `Invalid job id: ${params.job}`);
    return job;
  }

  #batch(call: AsyncCall): Batch {
    const { id } = this.#job(call);
    const batch = this.#batches.get(call.params.batch!);
    if (batch?.jobId !== id) throw new AsyncError('InvalidBatch', 'Unable to find batch');
    return batch;
  }

  #save(batch: Batch): Batch {
    const kept = { ...batch, modified: this.#org.kernel.clock.now() };
    this.#batches.set(batch.id, kept);
    return kept;
  }

  #jobReply({ asJson }: AsyncCall, job: Job, status = 200): Reply {
    const mine = [...this.#batches.values()].filter((batch) => batch.jobId === job.id);
    const count = (state: Batch['state']) => mine.filter((batch) => batch.state === state).length;
    const sum = (name: 'processed' | 'failed') => mine.reduce((total, batch) => total + batch[name], 0);
    const fields = {
      id: job.id,
      operation: job.operation,
      object: job.object,
      createdById: job.userId,
      createdDate: new Date(job.created).toISOString(),
      systemModstamp: new Date(job.created).toISOString(),
      state: job.state,
      externalIdFieldName: job.externalId,
      concurrencyMode: 'Parallel',
      contentType: job.contentType,
      numberBatchesQueued: count('Queued'),
      numberBatchesInProgress: count('InProgress'),
      numberBatchesCompleted: count('Completed'),
      numberBatchesFailed: count('Failed'),
      numberBatchesTotal: mine.length,
      numberRecordsProcessed: sum('processed'),
      numberRetries: 0,
      apiVersion: asJson ? Number(job.version) : job.version,
      numberRecordsFailed: sum('failed'),
      totalProcessingTime: 0,
      apiActiveProcessingTime: 0,
      apexProcessingTime: 0,
    };
    return asJson ? json(status, fields) : xml(status, `<jobInfo xmlns="${NAMESPACE}">${fieldsXml(fields)}</jobInfo>`);
  }

  #batchReply({ asJson }: AsyncCall, batch: Batch, status = 200): Reply {
    const fields = batchFields(batch);
    return asJson ? json(status, fields) : xml(status, `<batchInfo xmlns="${NAMESPACE}">${fieldsXml(fields)}</batchInfo>`);
  }
}

const makeResultId = (batchId: string): string => makeId('752', Buffer.from(batchId).toString('hex'));

const batchFields = ({ id, jobId, state, message, created, modified, processed, failed }: Batch) => ({
  id,
  jobId,
  state,
  stateMessage: message,
  createdDate: new Date(created).toISOString(),
  systemModstamp: new Date(modified).toISOString(),
  numberRecordsProcessed: processed,
  numberRecordsFailed: failed,
  totalProcessingTime: 0,
  apiActiveProcessingTime: 0,
  apexProcessingTime: 0,
});

const jsonResult = ({ id, success, created, errors }: RowResult) => ({
  success,
  created,
  id: id || null,
  errors: errors.map(({ errorCode, message, fields = [] }) => ({
    message,
    fields,
    statusCode: errorCode,
    extendedErrorDetails: null,
  })),
});

function parsed<T>(text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new AsyncError('InvalidJob', 'Unable to parse JSON');
  }
}

function jsonRows(text: string): Body[] {
  const rows = parsed<unknown>(text);
  if (!Array.isArray(rows)) throw new CsvError('the batch is no JSON array');
  return rows as Body[];
}

function csvRows(text: string, columns: (header: string[]) => ((body: Body, cell: string) => void)[]): Body[] {
  const reader = new CsvReader();
  const [header = [], ...rows] = [...reader.push(text), ...reader.end()];
  const set = columns(header);
  return rows.map((cells, i) => {
    if (cells.length !== header.length) throw new CsvError(`row ${i + 1} has ${cells.length} columns, not ${header.length}`);
    const body: Body = {};
    for (const [n, column] of set.entries()) column(body, cells[n]!);
    return body;
  });
}

// Datetimes are milliseconds in JSON and end in Z in CSV: unlike REST.
function dated(row: Shown, columns: readonly { path: readonly string[]; type: string }[], form: Job['contentType']): Shown {
  for (const { path, type } of columns) {
    if (type !== 'datetime') continue;
    let at: Shown | null = row;
    for (const name of path.slice(0, -1)) at = at && (at[name] as Shown | null);
    const name = path.at(-1)!;
    const value = at?.[name];
    if (at && typeof value === 'string')
      at[name] = form === 'JSON' ? Date.parse(value.replace('+0000', 'Z')) : value.replace('+0000', 'Z');
  }
  return row;
}

function cellOf(row: Shown, name: string): string {
  let value: unknown = row;
  for (const part of name.split('.')) value = (value as Shown | null)?.[part];
  return value === null || value === undefined ? '' : String(value);
}

function asAsync(error: unknown): AsyncError | undefined {
  const known = asCrmError(error);
  if (!known) return undefined;
  const [{ errorCode, message }] = known.entries as [{ errorCode: string; message: string }];
  return new AsyncError(errorCode === 'REQUEST_LIMIT_EXCEEDED' ? 'ExceededQuota' : 'InvalidBatch', message);
}
