import { retryAfterMs } from '../http.ts';
import { askedToWait, Failure, nameOf } from '../retry.ts';
import type { Site } from '../settings.ts';
import type { Context } from '../sync.ts';
import type { Fhir } from './client.ts';
import type { Told } from './told.ts';
import type { Athena } from './visits.ts';

/** athenahealth's feeds of changes, each by the name of its list. Both name the patient: that is the chart to read. */
const FEEDS = ['patients', 'appointments'] as const;
type Feed = (typeof FEEDS)[number];
type Page = Partial<Record<Feed, { patientid?: string | number }[]>>;

/** As many as a feed gives at once. */
const MOST = 5000;
/** The feeds are about five minutes late, and two clocks are never the same. */
const LATE_MS = 900_000;

/**
 * Reads what changed, over and over, until the sync stops. What a feed answers with is gone from it, whether or not the answer
 * came: after a failure, and when we start again, all that it gave since the last answer that we kept is asked for once more.
 */
export async function readFeeds(context: Context, site: Site, fhir: Fhir, told: Told): Promise<void> {
  const { steps, machine, settings, stop } = context;
  const kept = new Set<Feed>();
  let isSubscribed = false;
  for (let attempt = 0; !stop.aborted; ) {
    try {
      if (!isSubscribed) await subscribe(fhir, machine.now, site.fhir?.athena as Athena);
      isSubscribed = true;
      for (const feed of FEEDS) await readFeed(context, site, fhir, told, feed, kept);
      if (attempt > 0) machine.log(`feeds work again: site=${site.name}`);
      attempt = 0;
      await machine.sleep(settings.pollMs, stop);
    } catch (error) {
      if (stop.aborted) return;
      if (attempt === 0) machine.log(`feeds fail: site=${site.name} ${nameOf(error)}`);
      // Somebody may have switched the feed off: to switch on what is on changes nothing.
      isSubscribed = false;
      const pause = steps.backoff(attempt, askedToWait(error), machine.random);
      attempt += 1;
      await machine.sleep(pause ?? settings.pollMs, stop);
    }
  }
}

async function subscribe(fhir: Fhir, now: () => number, athena: Athena): Promise<void> {
  for (const feed of FEEDS) await call(fhir, now, `${base(athena)}/${feed}/changed/subscription`, 'POST');
}

async function readFeed(
  { store, machine, steps, stop, audit }: Context,
  site: Site,
  fhir: Fhir,
  told: Told,
  feed: Feed,
  kept: Set<Feed>,
): Promise<void> {
  const { now } = machine;
  const athena = site.fhir?.athena as Athena;
  const cursor = `changed ${site.name} ${feed}`;
  const before = store.cursor(cursor);
  const at = now();
  const take = async (query: Record<string, string>): Promise<void> => {
    const url = `${base(athena)}/${feed}/changed?${new URLSearchParams({ ...query, limit: String(MOST) })}`;
    const list = ((await call(fhir, now, url, 'GET')) as Page | undefined)?.[feed];
    if (!Array.isArray(list)) throw new Failure(0, 'not-a-list');
    // A free place in the schedule is nobody's.
    const ids = new Set(list.flatMap(({ patientid }) => (patientid === undefined ? [] : [String(patientid)])));
    const patients = [...ids].map((id) => `Patient/a-${athena.practice}.E-${id}`);
    if (patients.length > 0) audit({ who: site.fhir?.clientId ?? '', action: 'read', what: patients });
    if (!stop.aborted) told.keep(patients);
  };
  const again = before !== undefined && !kept.has(feed) && steps.readsAgain();
  kept.delete(feed);
  if (again) await take({ showprocessedstartdatetime: wallTime(Number(before) - LATE_MS, site.timeZone) });
  // The moment of the first read is kept before it: what it takes from the feed may be lost on the way.
  if (before === undefined) store.setCursor(cursor, String(at));
  await take({});
  if (stop.aborted) return;
  store.setCursor(cursor, String(at));
  kept.add(feed);
}

const base = ({ v1Url, practice }: Athena): string => `${v1Url}/${practice}`;

async function call(fhir: Fhir, now: () => number, url: string, method: string): Promise<unknown> {
  const { status, headers, body } = await fhir.call(url, { method });
  if (status !== 200) throw new Failure(status, `feed-${status}`, retryAfterMs(headers, now()));
  return body;
}

/** `MM/DD/YYYY HH:mm:ss` on the clock of the practice. */
function wallTime(ms: number, timeZone: string): string {
  const options = { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' } as const;
  const time = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const;
  return new Intl.DateTimeFormat('en-US', { ...options, ...time }).format(ms).replace(',', '');
}
