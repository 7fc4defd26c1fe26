import { type Context, digest, type Face, type Handler, jsonReply, type RecordRef, Rejected, type Reply } from '#kernel';
import { authenticate } from '../../smart/authorize.ts';
import type { Site } from '../context.ts';
import { outcome, refuse } from '../replies.ts';
import { wireText } from '../wire.ts';
import { type ExportFile, type ExportJob, type Jobs, jobOf, retryAfter } from './jobs.ts';
import { giveBack, isRunning, kickOff, type Level } from './kickoff.ts';
import { Listing } from './listing.ts';
import { drop, resume } from './prepare.ts';

/** Resources that go out in one piece. */
const PIECE = 50;

/** Bulk export of a site, at the levels that its table has. @returns what starts and stops its jobs. */
export function addBulk(face: Face, jobs: Jobs): { start(): void; stop(): void } {
  const { site } = jobs;
  const { capability, bulk, system } = site.vendor;
  const listing = new Listing(site.kernel.database);
  const has = (type: string): boolean => capability[type]?.operations?.$export === 'native';
  const add = (methods: string[], path: string, operation: string, doc: string, handler: Handler) => {
    for (const method of methods) face.route(method, path, { operation, tier: 'semantic', doc }, handler);
  };
  const levels: [there: boolean, level: Level, path: string, what: string][] = [
    [has('Group'), 'group', '/Group/:id/$export', 'a group'],
    [has('Patient'), 'patient', '/Patient/$export', 'all patients'],
    [system.includes('export'), 'system', '/$export', 'everything'],
  ];
  if (!levels.some(([there]) => there)) return { start: () => {}, stop: () => {} };
  for (const [there, level, path, what] of levels)
    if (there)
      add(['GET', 'POST'], `${site.paths.fhir}${path}`, 'export', `Bulk export of ${what}.`, kickOff(jobs, listing, level));
  const [job, file] = [bulk.paths.job, bulk.paths.file].map((path) => path.replace('{fhir}', site.paths.fhir)) as [
    string,
    string,
  ];
  add(['GET'], job, 'export-status', 'How far an export is; in the end its manifest.', status(jobs, file));
  add(['DELETE'], job, 'export-delete', 'Ends an export, or deletes its result.', remove(jobs, listing));
  if (bulk.delivery === 'direct') add(['GET'], file, 'export-file', 'A file of an export, streamed.', fileReply(jobs, listing));
  else {
    add(['GET'], file, 'export-file', 'Sends on to where the file is.', redirect(jobs));
    add(['GET'], STORE, 'export-file', 'A file of an export by its signed address, streamed.', signed(jobs, listing));
  }
  return {
    start: () => resume(jobs, listing),
    stop: () => {
      jobs.stopped = true;
    },
  };
}

const STORE = '/bulk-store/:file';

function status(jobs: Jobs, filePath: string): Handler {
  return (context) => {
    const { site, cell, progress, pace } = jobs;
    const { bulk, headers } = site.vendor;
    const job = mine(jobs, context);
    const now = site.kernel.clock.now();
    const wait = retryAfter(jobs);
    if (!isRunning(job, now)) {
      if (job.state === 'failed') refuse('internal', {});
      const expires = { ...headers, expires: new Date(job.expires).toUTCString() };
      return { ...jsonReply(200, manifest(site, job, context.request.origin, filePath), expires), served: [] };
    }
    const soon = wait !== undefined && job.polled !== undefined && now - job.polled < (wait * 1000) / 2;
    cell.set(job.key, { ...job, polled: now });
    if (soon && pace() === 'vendor') throw new Rejected('throttled', { retryAfter: wait });
    const waiting: Record<string, string> = wait === undefined ? {} : { 'retry-after': String(wait) };
    const done = progress.get(job.key) ?? job.files.reduce((sum, { count }) => sum + count, 0);
    return { status: 202, headers: { ...headers, ...waiting, 'x-progress': bulk.progress(done) }, served: [] };
  };
}

function manifest({ vendor }: Site, job: ExportJob, origin: string, filePath: string): unknown {
  const { counts, requiresAccessToken } = vendor.bulk.manifest;
  const line = ({ id, type, count }: ExportFile) => ({
    type,
    url: `${origin}${filePath.replace(':job', job.key).replace(':file', id)}`,
    ...(counts ? { count } : {}),
  });
  return {
    transactionTime: job.at,
    request: job.request,
    requiresAccessToken,
    output: job.files.filter(({ number }) => number > 0).map(line),
    error: job.files.filter(({ number }) => number === 0).map(line),
  };
}

function remove(jobs: Jobs, listing: Listing): Handler {
  return (context) => {
    const job = mine(jobs, context);
    if (isRunning(job, jobs.site.kernel.clock.now())) giveBack(jobs, job);
    void drop(jobs, listing, job);
    return { status: 202, headers: jobs.site.vendor.headers, served: [] };
  };
}

// Only the client that asked: to others a job is not there.
function mine(jobs: Jobs, context: Context): ExportJob {
  const { client } = authenticate(jobs.site, jobs.salt, context);
  return jobOf(jobs, context.request.params.job ?? '', client) ?? refuse('not-found', { expression: 'id' });
}

interface Found {
  job: ExportJob;
  file: ExportFile;
}

function fileOf({ cell, site }: Jobs, { file: id, job: key }: Record<string, string>): Found | undefined {
  const now = site.kernel.clock.now();
  for (const job of cell.values()) {
    const file = job.files.find((one) => one.id === id);
    if (file && job.expires > now && !isRunning(job, now) && (key === undefined || key === job.key)) return { job, file };
  }
  return undefined;
}

const fileReply =
  (jobs: Jobs, listing: Listing): Handler =>
  async (context) => {
    const { client } = authenticate(jobs.site, jobs.salt, context);
    const found = fileOf(jobs, context.request.params);
    return found?.job.client === client ? streamed(jobs, listing, context, found) : refuse('not-found', { expression: 'id' });
  };

/** A file, read and sent piece by piece as fast as its reader takes it. */
async function streamed({ site }: Jobs, listing: Listing, context: Context, { job, file }: Found): Promise<Reply> {
  const headers = { ...site.vendor.headers, 'content-type': 'application/fhir+ndjson' };
  if (file.number === 0) {
    const lines = job.uncovered.map((type) => JSON.stringify(notCovered(site, context, type)));
    return { status: 200, headers, body: lines.map((line) => `${line}\n`).join(''), served: [] };
  }
  const served: RecordRef[] = listing
    .refs(job.number, file.number)
    .map(({ id, version }) => ({ sim: 'ehr', tenant: site.name, type: file.type, id, version }));
  await context.reading(served);
  const stream: Reply['stream'] = async (write, closed) => {
    let open = true;
    void closed.then(() => {
      open = false;
    });
    for (let after = 0; open; ) {
      const rows = listing.page(job.number, file.number, after, PIECE);
      if (rows.length === 0) return;
      after = rows.at(-1)!.rid;
      await write(rows.map((row) => `${wireText(site, file.type, row)}\n`).join(''));
    }
  };
  return { status: 200, headers, stream, served };
}

const notCovered = (site: Site, context: Context, type: string): unknown =>
  outcome(
    site.vendor,
    [{ error: 'forbidden', diagnostics: `The client may not search ${type}.`, expression: type }],
    context.request,
  );

/** Seconds that a signed address holds. */
const SIGNED_SECONDS = 3600;
const signature = ({ salt }: Jobs, file: string, until: number): string => digest(salt, 'bulk-store', file, until);

function redirect(jobs: Jobs): Handler {
  return (context) => {
    const { client } = authenticate(jobs.site, jobs.salt, context);
    const found = fileOf(jobs, context.request.params);
    if (found?.job.client !== client) return refuse('not-found', { expression: 'id' });
    const until = Math.floor(jobs.site.kernel.clock.now() / 1000) + SIGNED_SECONDS;
    const query = `X-Amz-Expires=${until}&X-Amz-Signature=${signature(jobs, found.file.id, until)}`;
    const location = `${context.request.origin}${STORE.replace(':file', found.file.id)}?${query}`;
    return { status: 307, headers: { ...jobs.site.vendor.headers, location }, served: [] };
  };
}

// As the store behind signed addresses does: a token beside the signature is one proof too many.
function signed(jobs: Jobs, listing: Listing): Handler {
  return (context) => {
    const { request, kernel } = context;
    const until = Number(request.query.get('X-Amz-Expires'));
    const found = fileOf(jobs, { file: request.params.file ?? '' });
    if (request.headers.authorization !== undefined)
      refuse('invalid', { diagnostics: 'Only one auth mechanism allowed', expression: 'Authorization' });
    const right = found && request.query.get('X-Amz-Signature') === signature(jobs, found.file.id, until);
    if (!right || until * 1000 <= kernel.clock.now()) return refuse('export-signature', {});
    context.setActor(`client:${found.job.client}`);
    return streamed(jobs, listing, context, found);
  };
}
