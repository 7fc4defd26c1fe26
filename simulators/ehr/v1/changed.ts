import { type Cell, type JournalEvent, type Reply, shownAt } from '#kernel';
import type { Site } from '../engine/context.ts';
import type { Stored } from '../engine/resource.ts';
import { seen } from '../engine/seen.ts';
import { isOpen, showAppointment } from './appointment-fields.ts';
import { json, refsTo, refuseV1, type V1Call } from './call.ts';
import { stampOf, wallStamp } from './dates.ts';
import { showPatient } from './patient-fields.ts';

/** What a client has subscribed to of a feed, and how far it has read. */
export interface FeedSubscription {
  /** Event by the journal's head when it was switched on. */
  events: Record<string, number>;
  /** Events up to here are consumed. */
  read: number;
}

type Image = Stored & { status?: string };

/** One feed: which records it tells of, under which names. */
interface Feed {
  /** Path below the practice, and name of the list in the reply. */
  name: 'patients' | 'appointments';
  type: 'Patient' | 'Appointment';
  events: readonly string[];
  /** Name of what a commit did to a record. */
  eventOf(act: string, before: Image | null, after: Image | null): string;
  show(site: Site, record: Stored): Record<string, unknown>;
}

const ACTS: Record<string, string> = { arrive: 'CheckIn', complete: 'CheckOut', cancel: 'CancelAppointment' };

/** Feeds as eleanorhealth/go-athenahealth has them; names of the patients' events are not verified. */
export const FEEDS: readonly Feed[] = [
  {
    name: 'patients',
    type: 'Patient',
    events: ['AddPatient', 'UpdatePatient', 'DeletePatient'],
    eventOf: (_act, before, after) => (!after ? 'DeletePatient' : before ? 'UpdatePatient' : 'AddPatient'),
    show: (_site, record) => showPatient(record),
  },
  {
    name: 'appointments',
    type: 'Appointment',
    events: [
      'ScheduleAppointment',
      'CheckIn',
      'CheckOut',
      'UpdateAppointment',
      'CancelAppointment',
      'FreezeAppointment',
      'UnfreezeAppointment',
      'DeleteAppointment',
      'AddAppointmentSlot',
      'UpdateReminderCall',
    ],
    eventOf: (act, before, after) => {
      if (!after) return 'DeleteAppointment';
      if (isOpen(after)) return 'AddAppointmentSlot';
      if (!before || isOpen(before)) return 'ScheduleAppointment';
      if (after.status === 'cancelled' && before.status !== 'cancelled') return 'CancelAppointment';
      return ACTS[act] ?? 'UpdateAppointment';
    },
    show: (site, record) => showAppointment(record, site.store.zone),
  },
];

/** Subscriptions of a site, by client and feed. Nothing is queued: the journal is what is read. */
export const subscriptionsOf = (site: Site): Cell<FeedSubscription> =>
  site.kernel.cell<FeedSubscription>(`ehr.${site.name}.feeds`);

const keyOf = ({ context }: V1Call, feed: Feed): string => `${context.exchange.client} ${feed.name}`;

/** GET, POST, DELETE of …/changed/subscription */
export const subscription =
  (feed: Feed) =>
  (call: V1Call): Reply => {
    const { context, site, params } = call;
    const cell = subscriptionsOf(site);
    const key = keyOf(call, feed);
    const own = cell.get(key);
    const named = params.get('eventname');
    const { method } = context.request;
    if (method === 'GET') {
      const names = Object.keys(own?.events ?? {});
      const status = names.length === 0 ? 'INACTIVE' : names.length === feed.events.length ? 'ACTIVE' : 'PARTIAL';
      return json(200, { status, subscriptions: names.map((eventname) => ({ eventname })) });
    }
    if (named !== null && !feed.events.includes(named)) refuseV1(400, 'Invalid value for eventname.');
    const wanted = named === null ? feed.events : [named];
    const { head } = site.kernel.journal;
    const events = { ...own?.events };
    if (method === 'POST') for (const name of wanted) events[name] ??= head;
    else for (const name of wanted) delete events[name];
    if (Object.keys(events).length === 0) cell.delete(key);
    else cell.set(key, { events, read: own?.read ?? head });
    return json(200, { success: true });
  };

/** GET …/changed/subscription/events */
export const eventNames = (feed: Feed) => (): Reply =>
  json(200, { status: 'ACTIVE', subscriptions: feed.events.map((eventname) => ({ eventname })) });

const BATCH = 500;

/**
 * GET …/changed: current records of which a subscribed event told, each once. What is answered is consumed, whether the
 * reply arrives or not, unless `leaveunprocessed` is true.
 */
export const changed =
  (feed: Feed) =>
  async (call: V1Call): Promise<Reply> => {
    const { site, params, context } = call;
    const cell = subscriptionsOf(site);
    const key = keyOf(call, feed);
    const own =
      cell.get(key) ??
      refuseV1(403, 'You are not subscribed to this feed.', { detailedmessage: `Subscribe to ${feed.name}/changed first.` });
    const most = Math.max(1, Math.min(Number(params.get('limit') ?? 1000) || 1000, 5000));
    const replay = params.get('showprocessedstartdatetime');
    const wanted = replay === null ? unread(call, feed, own, most) : processed(call, feed, own, replay, most);
    const department = params.get('departmentid');
    const read = () => wanted.ids.flatMap((id) => site.store.read(feed.type, id) ?? []);
    const records = await seen(site, context, read, (found) => refsTo(site, found));
    const shown = records.map((record) => feed.show(site, record));
    const kept = shown.filter((one) => !department || one.departmentid === undefined || String(one.departmentid) === department);
    if (replay === null && params.get('leaveunprocessed') !== 'true') cell.set(key, { ...own, read: wanted.last });
    return { ...json(200, { [feed.name]: kept, totalcount: kept.length }), served: refsTo(site, records) };
  };

function unread(call: V1Call, feed: Feed, own: FeedSubscription, most: number): { ids: string[]; last: number } {
  const { site } = call;
  const due = site.kernel.clock.now() - call.feedSeconds() * 1000;
  const ids = new Set<string>();
  let last = own.read;
  scan(site, own.read, (event) => {
    if (shownAt(site.kernel.clock, event.wall) > due || ids.size >= most) return false;
    for (const id of told(site, feed, own, event)) ids.add(id);
    last = event.seq;
    return true;
  });
  return { ids: [...ids], last };
}

// Messages that were consumed before, by when they arose (wall time of the practice).
function processed({ site, params }: V1Call, feed: Feed, own: FeedSubscription, from: string, most: number) {
  const { zone } = site.store;
  const start = wallStamp(from, 'showprocessedstartdatetime');
  const end = params.get('showprocessedenddatetime');
  const until = end === null ? '9999' : wallStamp(end, 'showprocessedenddatetime');
  const ids = new Set<string>();
  scan(site, Math.min(...Object.values(own.events)), (event) => {
    if (event.seq > own.read || ids.size >= most) return false;
    const stamp = stampOf(shownAt(site.kernel.clock, event.wall), zone);
    if (stamp >= start && stamp <= until) for (const id of told(site, feed, own, event)) ids.add(id);
    return true;
  });
  return { ids: [...ids], last: own.read };
}

// Visits commits after one, oldest first, until told to stop.
function scan({ kernel }: Site, after: number, visit: (event: JournalEvent) => boolean): void {
  for (let from = after; ; ) {
    const batch = kernel.journal.read({ after: from, limit: BATCH, kind: 'commit' });
    for (const event of batch) if (!visit(event)) return;
    if (batch.length < BATCH) return;
    from = batch.at(-1)!.seq;
  }
}

function told(site: Site, feed: Feed, { events }: FeedSubscription, event: JournalEvent): string[] {
  if (event.sim !== 'ehr' || event.tenant !== site.name) return [];
  return (event.records ?? []).flatMap(({ type, id }, i) => {
    if (type !== feed.type) return [];
    const [before, after] = [event.before?.[i] ?? null, event.after?.[i] ?? null] as [Image | null, Image | null];
    const since = events[feed.eventOf(event.act ?? '', before, after)];
    return since !== undefined && event.seq > since ? [id] : [];
  });
}
