import type { RecordRef } from '#kernel';
import { breath } from '../bulk/parts.ts';
import { crmError } from '../errors.ts';
import { makeId } from '../ids.ts';
import type { Org } from '../org.ts';
import { SoqlError } from '../soql/error.ts';
import { type Prepared, prepare } from '../soql/select.ts';
import type { Stored } from '../store.ts';
import type { Answer, Call, RestRoute } from './call.ts';

/** Queries and their pages: REST API Developer Guide, "Query" and "QueryAll". */

const PAGE = 2000;
const CURSOR_LIFETIME = 2 * 86_400_000;
const CURSORS_PER_USER = 10;

// `Sforce-Query-Options: batchSize=…` is a hint between 200 and 2000.
function pageSize({ headers }: Call): number {
  const [, wanted] = /batchSize\s*=\s*(\d+)/i.exec(headers['sforce-query-options'] ?? '') ?? [];
  return wanted ? Math.min(Math.max(Number(wanted), 200), PAGE) : PAGE;
}

function* run(call: Call, deleted: boolean): Generator<void, Answer> {
  if (call.query.has('explain')) throw crmError('not-implemented', { what: 'query plans (explain)' });
  const soql = call.query.get('q') ?? '';
  const { org } = call;
  const statement = prepare(soql, org.queryTools(call.session.userId));
  if (statement.counts && !statement.query.where && !deleted)
    return page(
      [],
      countOf(
        statement,
        call.look(() => org.store.count(statement.type)),
      ),
    );
  const rows = yield* looking(call, statement.rows({ deleted }));
  if (statement.counts) return page([], rows.length);
  if (statement.grouped) {
    const groups = statement.groups(rows);
    if (groups.length > PAGE)
      throw new SoqlError(
        'EXCEEDED_ID_LIMIT',
        'Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch',
      );
    return page(groups, groups.length);
  }
  const size = pageSize(call);
  const served: RecordRef[] = [];
  const records = call.look(() => statement.show(rows.slice(0, size), call.version, served));
  if (rows.length <= size) return page(records, rows.length, served);
  const locator = openCursor(call, soql, deleted, rows);
  return page(records, rows.length, served, `/services/data/v${call.version}/query/${locator}-${size}`);
}

// Each slice on its own.
function* looking<T>({ look }: Call, running: Generator<void, T>): Generator<void, T> {
  for (;;) {
    const step = look(() => running.next());
    if (step.done) return step.value;
    yield;
  }
}

const countOf = ({ query }: Prepared, all: number): number => Math.min(query.limit ?? all, all);

const page = (records: unknown[], totalSize: number, served?: RecordRef[], nextRecordsUrl?: string): Answer => ({
  status: 200,
  body: nextRecordsUrl ? { totalSize, done: false, nextRecordsUrl, records } : { totalSize, done: true, records },
  served,
});

function openCursor({ org, session }: Call, soql: string, deleted: boolean, rows: Stored[]): string {
  const now = org.kernel.clock.now();
  for (const [key, { expires }] of org.cursors.entries()) if (expires < now) org.cursors.delete(key);
  const open = [...org.cursors.entries()].filter(([, { userId }]) => userId === session.userId);
  if (open.length >= CURSORS_PER_USER) org.cursors.delete(open[0]![0]);
  const locator = makeId('0r8', org.kernel.mint('crm/cursor'));
  const ids = rows.map((row) => row.id);
  org.cursors.set(locator, { soql, deleted, size: rows.length, ids, userId: session.userId, expires: now + CURSOR_LIFETIME });
  return locator;
}

const next: RestRoute['run'] = (call) => {
  const { org, session, params } = call;
  const [, locator, from] = /^(0r8\w{15})-(\d+)$/.exec(params.locator!) ?? [];
  const cursor = org.cursors.get(locator ?? '');
  if (!cursor || cursor.userId !== session.userId || cursor.expires < org.kernel.clock.now()) throw crmError('bad-locator');
  const start = Number(from);
  const end = start + pageSize(call);
  // The list was fixed when the query ran; each record is shown as it is now.
  const served: RecordRef[] = [];
  const records = call.look(() => {
    const rows = cursor.ids.slice(start, end).flatMap((id) => {
      const found = org.store.find(id);
      return found && (cursor.deleted || !found.deleted) ? [found] : [];
    });
    return prepare(cursor.soql, org.queryTools(call.session.userId)).show(rows, call.version, served);
  });
  const more = end < cursor.ids.length ? `/services/data/v${call.version}/query/${locator}-${end}` : undefined;
  return page(records, cursor.size, served, more);
};

/** Runs to the end at once. */
export function drain<T>(answer: T | Generator<void, T>): T {
  if (!isGenerator(answer)) return answer;
  for (;;) {
    const step = answer.next();
    if (step.done) return step.value;
  }
}

/**
 * Runs with a breath between the slices, and to its end at once where there is one slice only. A write in between starts it
 * again, so that the rows belong to one moment; the third time it runs through at once.
 */
export function drainPolitely<T>(org: Org, start: () => T | Generator<void, T>): T | Promise<T> {
  const { head } = org.store;
  const running = start();
  if (!isGenerator(running)) return running;
  const step = running.next();
  return step.done ? step.value : goOn(org, start, { running, head });
}

async function goOn<T>(
  org: Org,
  start: () => T | Generator<void, T>,
  first: { running: Generator<void, T>; head: number },
): Promise<T> {
  let { running, head } = first;
  for (let attempt = 0; attempt < 2; attempt++) {
    await breath();
    while (org.store.head === head) {
      const step = running.next();
      if (step.done) return step.value;
      await breath();
    }
    const again = start();
    if (!isGenerator(again)) return again;
    head = org.store.head;
    running = again;
  }
  return drain(running);
}

const isGenerator = <T>(value: T | Generator<void, T>): value is Generator<void, T> =>
  typeof value === 'object' && value !== null && Symbol.iterator in value && 'next' in value;

const soql = { method: 'GET', operation: 'query', tier: 'semantic' } as const;

export const QUERY_ROUTES: RestRoute[] = [
  { ...soql, path: 'query', doc: 'runs a SOQL statement', run: (call) => run(call, false) },
  { ...soql, path: 'queryAll', doc: 'runs a SOQL statement, deleted records included', run: (call) => run(call, true) },
  { ...soql, path: 'query/:locator', doc: 'a further page', run: next },
  { ...soql, path: 'queryAll/:locator', doc: 'a further page', run: next },
];
