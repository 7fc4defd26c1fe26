import type { Context, RecordRef } from '#kernel';
import { CrmError, crmError } from '../errors.ts';
import type { Org } from '../org.ts';
import { type Answer, asCrmError, bodyOf, type Call, type RestRoute } from '../rest/call.ts';
import { wishesOf } from '../rules.ts';
import { wireDatetime } from '../values.ts';
import { csvLine, DELIMITERS } from './csv.ts';
import { type Job, type JobState, uploaded } from './ingest.ts';
import { breath, pieces } from './parts.ts';
import { locatedAt, prepareBulk, resultPage, runQuery } from './query.ts';
import { keyOf, OPERATIONS, type Operation } from './write.ts';

/** Bulk API 2.0: Bulk API 2.0 and Bulk API Developer Guide, "Bulk API 2.0 Ingest", "Bulk API 2.0 Query". */

const refuse = (errorCode: string, message: string): CrmError => new CrmError(400, [{ errorCode, message }]);

const iso = (ms: number): string => wireDatetime(new Date(ms).toISOString());

function shown(call: Call, job: Job, full = true): Record<string, unknown> {
  const { id, kind, operation, object, state, error, columnDelimiter, lineEnding, version, began, ended } = job;
  const took = (ended ?? call.org.kernel.clock.now()) - (began ?? job.created);
  const ingest = kind === 'ingest';
  return {
    id,
    operation,
    object,
    createdById: job.userId,
    createdDate: iso(job.created),
    systemModstamp: iso(job.modified),
    state,
    ...(ingest && job.externalId ? { externalIdFieldName: job.externalId } : {}),
    concurrencyMode: 'Parallel',
    contentType: 'CSV',
    apiVersion: Number(version),
    ...(full ? { jobType: ingest ? 'V2Ingest' : 'V2Query' } : {}),
    ...(ingest ? { contentUrl: `services/data/v${version}/jobs/ingest/${id}/batches` } : {}),
    lineEnding,
    columnDelimiter,
    ...(full
      ? {
          numberRecordsProcessed: job.processed,
          retries: 0,
          totalProcessingTime: began ? Math.max(1, took) : 0,
          isPkChunkingSupported: true,
        }
      : {}),
    ...(full && ingest
      ? { numberRecordsFailed: job.failed, apiActiveProcessingTime: began ? Math.max(1, took) : 0, apexProcessingTime: 0 }
      : {}),
    ...(error ? { errorMessage: error } : {}),
  };
}

function jobOf(call: Call, kind: Job['kind']): Job {
  const job = call.org.jobs.find(call.params.id!);
  if (!job || job.kind !== kind) throw crmError('not-found');
  if (job.userId !== call.session.userId) throw crmError('forbidden');
  return job;
}

function common(
  call: Call,
  body: Record<string, unknown>,
): Pick<Job, 'columnDelimiter' | 'lineEnding' | 'version' | 'userId' | 'actor' | 'autoAssign'> {
  const { contentType = 'CSV', columnDelimiter = 'COMMA', lineEnding = 'LF' } = body as Record<string, string>;
  if (contentType !== 'CSV') throw refuse('INVALIDJOB', `Unsupported content type: ${contentType}`);
  if (!Object.hasOwn(DELIMITERS, columnDelimiter)) throw refuse('INVALIDJOB', `Unsupported column delimiter: ${columnDelimiter}`);
  if (lineEnding !== 'LF' && lineEnding !== 'CRLF') throw refuse('INVALIDJOB', `Unsupported line ending: ${lineEnding}`);
  const { userId, actor } = call.session;
  const { autoAssign } = wishesOf(call.headers);
  return { columnDelimiter, lineEnding, version: call.version, userId, actor, autoAssign };
}

function newIngest(call: Call, body: Record<string, unknown>): Job {
  const { operation, object, externalIdFieldName } = body as Record<string, string | undefined>;
  if (!OPERATIONS.includes(operation as Operation)) throw refuse('INVALIDJOB', `Unsupported operation: ${operation ?? 'null'}`);
  const type = call.schema.type(object ?? '');
  if (!type || type.definition.event) throw refuse('INVALIDENTITY', `Entity '${object}' is not supported by the Bulk API.`);
  if (operation === 'upsert' && !externalIdFieldName)
    throw refuse('INVALIDJOB', 'External ID was blank for upsert operation. An External ID must be specified for upsert.');
  if (operation === 'upsert' && !keyOf(type, externalIdFieldName!))
    throw refuse('INVALIDJOB', `Field name provided, ${externalIdFieldName} does not match an External ID for ${type.name}`);
  const externalId = operation === 'upsert' ? (type.field(externalIdFieldName!)?.name ?? externalIdFieldName) : undefined;
  const kind = 'ingest' as const;
  return call.org.jobs.create({
    kind,
    operation: operation as Operation,
    object: type.name,
    externalId,
    state: 'Open',
    ...common(call, body),
  });
}

const work = (org: Org) => (job: Job) => org.jobs.ingest(job);

const create: RestRoute['handle'] = async (call) => {
  const type = call.headers['content-type'] ?? '';
  if (!/^multipart\//i.test(type)) return { status: 200, body: shown(call, newIngest(call, bodyOf(call)), false) };
  // Job and data in one: parts "job" (JSON) and "content" (CSV).
  const { job: json = '{}', content = '' } = partsOf(type, call.raw);
  if (content.length > 100_000) throw refuse('INVALIDJOB', 'The CSV of a multipart request must not exceed 100,000 characters');
  const job = newIngest(call, bodyOf({ ...call, raw: json }));
  await call.org.jobs.upload(job, Buffer.from(content));
  const closed = call.org.jobs.save({ ...call.org.jobs.find(job.id)!, state: 'UploadComplete' });
  call.org.jobs.start(job.id, work(call.org));
  return { status: 200, body: shown(call, closed, false) };
};

function partsOf(type: string, raw: string): Record<string, string> {
  const [, quoted, plain] = /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(type) ?? [];
  const parts = raw.split(`--${quoted ?? plain ?? ''}`).slice(1, -1);
  return Object.fromEntries(
    parts.map((part) => {
      const [head = '', ...rest] = part.replace(/^\r?\n/, '').split(/\r?\n\r?\n/);
      const body = part.slice(part.indexOf(rest[0] ?? '', part.indexOf(head) + head.length)).replace(/\r?\n$/, '');
      return [/name="([^"]+)"/.exec(head)?.[1] ?? '', rest.length > 0 ? body : ''];
    }),
  );
}

const upload: RestRoute['handle'] = async (call, { request, exchange }) => {
  const job = jobOf(call, 'ingest');
  if (job.state !== 'Open' || job.uploaded)
    throw refuse('INVALIDJOBSTATE', `Job object is in ${job.state} state and cannot take data`);
  await call.org.jobs.upload(job, request.body);
  // The data is kept, though its rows are not written yet: who loses the answer cannot know.
  exchange.committed = true;
  return { status: 201 };
};

const change =
  (kind: Job['kind']): NonNullable<RestRoute['handle']> =>
  async (call) => {
    const job = jobOf(call, kind);
    const state = String(bodyOf(call).state ?? '') as JobState;
    const from: Partial<Record<JobState, JobState[]>> = {
      UploadComplete: kind === 'ingest' ? ['Open'] : [],
      Aborted: ['Open', 'UploadComplete', 'InProgress'],
    };
    if (!from[state]?.includes(job.state))
      throw refuse('INVALIDJOBSTATE', `Job object cannot go from ${job.state} to ${state || 'null'}`);
    if (state === 'Aborted') call.org.jobs.end(job, 'Aborted');
    else {
      call.org.jobs.save({ ...job, state: 'UploadComplete' });
      call.org.jobs.start(job.id, work(call.org));
    }
    return { status: 200, body: shown(call, call.org.jobs.find(job.id)!) };
  };

const remove =
  (kind: Job['kind']): NonNullable<RestRoute['handle']> =>
  async (call) => {
    const job = jobOf(call, kind);
    if (job.state === 'Open' || job.state === 'InProgress')
      throw refuse('INVALIDJOBSTATE', `Job object is in ${job.state} state and cannot be deleted`);
    call.org.jobs.remove(job.id);
    return { status: 204 };
  };

const list =
  (kind: Job['kind']): NonNullable<RestRoute['handle']> =>
  async (call) => {
    const jobs = call.org.jobs.list(kind).filter((job) => job.userId === call.session.userId);
    const records = jobs.map((job) => shown(call, job, false));
    return { status: 200, body: { done: true, nextRecordsUrl: null, records } };
  };

const info =
  (kind: Job['kind']): NonNullable<RestRoute['handle']> =>
  async (call) => ({ status: 200, body: shown(call, jobOf(call, kind)) });

const csv = (text: string | Buffer, headers: Record<string, string> = {}, served?: RecordRef[]): Answer => ({
  status: 200,
  text,
  headers: { 'content-type': 'text/csv', ...headers },
  served,
});

const HEADS: Record<string, [part: string, columns: string[]]> = {
  successfulresults: ['ok', ['sf__Id', 'sf__Created']],
  failedresults: ['failed', ['sf__Id', 'sf__Error']],
};

const results: RestRoute['handle'] = async (call) => {
  const job = jobOf(call, 'ingest');
  const name = call.params.results!.toLowerCase();
  const [delimiter, lineEnd] = [DELIMITERS[job.columnDelimiter], job.lineEnding === 'CRLF' ? '\r\n' : '\n'];
  const { jobs } = call.org;
  if (name === 'unprocessedrecords') {
    const { header, rows } = await uploaded(jobs, job, job.processed);
    return csv([header, ...rows].map((cells) => csvLine(cells, delimiter, lineEnd)).join(''));
  }
  const [part, own] = HEADS[name] ?? [];
  if (!part) throw crmError('not-found');
  const { header } = await uploaded(jobs, job, Number.POSITIVE_INFINITY);
  const text: Buffer[] = [Buffer.from(csvLine([...own!, ...header], delimiter, lineEnd))];
  for await (const piece of pieces(jobs.parts, job.id, part)) text.push(piece);
  await breath();
  return csv(Buffer.concat(text));
};

const createQuery: RestRoute['handle'] = async (call) => {
  const body = bodyOf(call);
  const { operation, query } = body as Record<string, string | undefined>;
  if (operation !== 'query' && operation !== 'queryAll')
    throw refuse('INVALIDJOB', `Unsupported operation: ${operation ?? 'null'}`);
  const { org } = call;
  try {
    const statement = prepareBulk(org, call.session.userId, query ?? '');
    const object = statement.type.name;
    const job = org.jobs.create({ kind: 'query', operation, object, query, state: 'UploadComplete', ...common(call, body) });
    org.jobs.start(job.id, (one) => runQuery(org, org.jobs, one));
    return { status: 200, body: shown(call, job, false) };
  } catch (error) {
    throw asCrmError(error) ?? error;
  }
};

const queryResults: RestRoute['handle'] = async (call) => {
  const job = jobOf(call, 'query');
  if (job.state !== 'JobComplete') throw refuse('INVALIDJOBSTATE', `Job object is in ${job.state} state and has no results`);
  const given = call.query.get('maxRecords');
  const max = given === null ? Number.POSITIVE_INFINITY : Number(given);
  if (!(max >= 1)) throw crmError('bad-argument', { problem: `maxRecords must be a positive number, not ${given}` });
  const at = call.query.get('locator');
  const page = await resultPage(call.org.jobs, job, at && at !== 'null' ? locatedAt(job, at) : 0, max);
  const headers = { 'sforce-locator': page.next, 'sforce-numberofrecords': String(page.rows) };
  return csv(page.text, headers, page.served);
};

type Handle = (call: Call, context: Context) => Promise<Answer>;
const route = (method: string, path: string, operation: string, doc: string, handle: Handle | undefined): RestRoute => ({
  method,
  path: `jobs/${path}`,
  operation,
  tier: 'semantic',
  doc,
  csv: true,
  run: () => {
    throw crmError('not-implemented', { what: 'bulk jobs inside composite calls' });
  },
  handle,
});

export const BULK_ROUTES: RestRoute[] = [
  route('POST', 'ingest', 'bulk-create', 'creates a job that writes; as multipart with its data', create),
  route('GET', 'ingest', 'bulk-read', 'the ingest jobs', list('ingest')),
  route('GET', 'ingest/:id', 'bulk-read', 'an ingest job', info('ingest')),
  route('PATCH', 'ingest/:id', 'bulk-close', 'UploadComplete or Aborted', change('ingest')),
  route('DELETE', 'ingest/:id', 'bulk-delete', 'deletes a job that has ended', remove('ingest')),
  route('PUT', 'ingest/:id/batches', 'bulk-upload', 'takes the CSV, once', upload),
  route('GET', 'ingest/:id/:results', 'bulk-results', 'successfulResults, failedResults, unprocessedRecords', results),
  route('POST', 'query', 'bulk-query', 'creates a query job', createQuery),
  route('GET', 'query', 'bulk-read', 'the query jobs', list('query')),
  route('GET', 'query/:id', 'bulk-read', 'a query job', info('query')),
  route('PATCH', 'query/:id', 'bulk-close', 'Aborted', change('query')),
  route('DELETE', 'query/:id', 'bulk-delete', 'deletes a query job that has ended', remove('query')),
  route('GET', 'query/:id/results', 'bulk-results', 'a page of the result, by maxRecords and locator', queryResults),
];
