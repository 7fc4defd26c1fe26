import { crmError } from '../errors.ts';
import type { SObjectType } from '../schema.ts';
import { refOf, type Stored } from '../store.ts';
import { parseDatetime, wireDatetime } from '../values.ts';
import { typeOf } from '../writer.ts';
import type { Call, RestRoute } from './call.ts';

/** What changed when: REST API Developer Guide, "sObject Get Updated", "sObject Get Deleted", "Recently Viewed Items". */

const DAY = 86_400_000;
const MAX_IDS = 600_000;

// `+` in a query means a blank, and clients forget to encode it.
const instant = (call: Call, name: string): number => {
  const millis = parseDatetime((call.query.get(name) ?? '').replace(' ', '+'));
  if (millis === undefined) throw crmError('bad-argument', { problem: `${name} must be a date and time with a zone` });
  return millis;
};

function windowOf(call: Call, days: number): { start: number; end: number } {
  const [start, end] = [instant(call, 'start'), instant(call, 'end')];
  const now = call.org.kernel.clock.now();
  if (end - start < 60_000) throw crmError('bad-dates', { problem: 'startDate must be at least one minute before endDate' });
  if (start < now - days * DAY) throw crmError('bad-dates', { problem: `startDate cannot be more than ${days} days ago` });
  return { start, end };
}

function inWindow(call: Call, days: number): { rows: Stored[]; covered: string } {
  const type = typeOf(call.schema, call.params.type!);
  const { start, end } = windowOf(call, days);
  const rows = call.org.store.byStamp(type, { from: start - 1, to: end + 1, limit: MAX_IDS + 1 });
  if (rows.length > MAX_IDS) throw crmError('too-many-ids', { limit: MAX_IDS });
  // Nothing can be promised beyond the present.
  return { rows, covered: wireDatetime(new Date(Math.min(end, call.org.kernel.clock.now())).toISOString()) };
}

const updated: RestRoute['run'] = (call) => {
  const { rows, covered } = inWindow(call, 30);
  const live = rows.filter((row) => !row.deleted && call.org.sees(call.session.userId, row));
  return {
    status: 200,
    body: { ids: live.map((row) => row.id), latestDateCovered: covered },
    served: live.map((row) => refOf(call.org.id, row)),
  };
};

const deleted: RestRoute['run'] = (call) => {
  const { rows, covered } = inWindow(call, 15);
  const gone = rows.filter((row) => row.deleted);
  const deletedRecords = gone.map(({ id, row }) => ({ id, deletedDate: wireDatetime(String(row.SystemModstamp)) }));
  const earliest = wireDatetime(new Date(call.org.kernel.clock.now() - 15 * DAY).toISOString());
  const body = { deletedRecords, earliestDateAvailable: earliest, latestDateCovered: covered };
  return { status: 200, body, served: gone.map((row) => refOf(call.org.id, row)) };
};

/** The newest live records that this user wrote last. */
export function recentOf(call: Call, types: readonly SObjectType[], limit: number): unknown[] {
  const edges = { from: -1, to: Number.MAX_SAFE_INTEGER, limit, down: true };
  return types
    .flatMap((type) => call.org.store.byStamp(type, edges).map((stored) => ({ type, stored })))
    .filter(
      ({ stored }) =>
        !stored.deleted && call.org.sees(call.session.userId, stored) && stored.row.LastModifiedById === call.session.userId,
    )
    .sort((a, b) => b.stored.stamp - a.stored.stamp)
    .slice(0, limit)
    .map(({ type, stored }) => ({
      attributes: { type: type.name, url: `/services/data/v${call.version}/sobjects/${type.name}/${stored.id}` },
      Id: stored.id,
      Name: stored.row.Name ?? stored.row[type.fields.find((f) => f.nameField)?.name ?? ''] ?? null,
    }));
}

const limitOf = (call: Call): number => Math.min(Math.max(Number(call.query.get('limit') ?? 200) || 200, 1), 200);

export const CHANGE_ROUTES: RestRoute[] = [
  {
    method: 'GET',
    path: 'sobjects/:type/updated',
    type: ':type',
    operation: 'query',
    tier: 'semantic',
    doc: 'ids of records changed in a stretch of time',
    run: updated,
  },
  {
    method: 'GET',
    path: 'sobjects/:type/deleted',
    type: ':type',
    operation: 'query',
    tier: 'semantic',
    doc: 'ids of records deleted in a stretch of time',
    run: deleted,
  },
  {
    method: 'GET',
    path: 'recent',
    operation: 'query',
    tier: 'shape',
    doc: 'records last written by this user',
    run: (call) => ({
      status: 200,
      body: recentOf(
        call,
        call.schema.types.filter((type) => !type.definition.event),
        limitOf(call),
      ),
    }),
  },
];
