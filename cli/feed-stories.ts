import { createEhrSite, type EhrSite, VENDORS } from '#ehr';
import { people, toPatient } from '#fixtures';
import { createHl7Site, type Dialect, parseTime } from '#hl7';
import { type Kernel, systemClock } from '#kernel';
import { localPort } from '#sandbox';
import {
  type Arrivals,
  nobodyCame,
  pauseBefore,
  type Story,
  type StoryCommit,
  type StoryRecord,
  type StoryWorld,
  tell,
} from '#scenarios';
import type { Play } from './feed-file.ts';
import { UsageError } from './usage.ts';

export interface DayOptions {
  stories: readonly Story[];
  arrivals: Arrivals;
  dialect: Dialect;
  version?: string;
  zone?: string;
  from?: string;
  count: number;
  rate: number;
  speed: number;
}

const AUTHORITY = '1.2.840.114350.1.13.999.2.7.5.737384.14';
const DAY = 86_400_000;

/** A hospital of this process that tells stories to its link: people come as the curve has it, each with a story. */
export async function playDay(kernel: Kernel, options: DayOptions): Promise<Play> {
  const { dialect, version, zone: timeZone = 'America/New_York' } = options;
  const site = dialect.name === 'generic' ? 'hospital' : dialect.name;
  const timeOfDay = readTime(options.from ?? (options.arrivals.stormAt === undefined ? '06:00' : '01:30'));
  const vendor = VENDORS.some(({ id }) => id === dialect.name) ? dialect.name : 'r4';
  let ehr: EhrSite;
  try {
    ehr = createEhrSite(kernel, { name: site, vendor, authority: AUTHORITY, timeZone });
    await ehr.seed();
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const port = localPort(kernel, ehr);
  const make = () => createHl7Site(kernel, { site, dialect: dialect.name, version, authority: AUTHORITY, timeZone, port });
  let link: ReturnType<typeof make>;
  try {
    link = make();
  } catch (error) {
    throw new UsageError(`--hl7-version: ${(error as Error).message}`);
  }
  await link.start({ host: '127.0.0.1', ports: {} });
  return { link, tell: (stopped) => play(kernel, ehr, { ...options, timeOfDay, timeZone, site }, stopped) };
}

type Running = DayOptions & { timeOfDay: number; timeZone: string; site: string };

async function play(kernel: Kernel, ehr: EhrSite, options: Running, stopped: AbortSignal): Promise<void> {
  const { arrivals, rate, speed, count, stories } = options;
  const random = kernel.random.fork('feed');
  const world = worldOf(kernel, ehr, options);
  const known: string[] = [];
  const sleep = async (ms: number): Promise<void> => {
    await systemClock.sleep(ms / speed, stopped);
    if (stopped.aborted) throw new Interrupted();
  };
  const commit = async (request: StoryCommit): Promise<{ records: { id: string }[] }> => {
    const { records } = await ehr.commit(request as unknown as Parameters<EhrSite['commit']>[0]);
    for (const { type, id } of records) if (type === 'Patient' && !known.includes(id)) known.push(id);
    return { records };
  };
  const storm = async (): Promise<void> => {
    for (const id of [...known]) {
      const patch = { maritalStatus: { text: 'unknown' } };
      await commit({ act: 'update-person', changes: [{ op: 'update', type: 'Patient', id, patch }] });
    }
  };
  const tellings: Promise<void>[] = [];
  let time = options.timeOfDay;
  let stormed = false;
  try {
    for (let told = 0; told < count; ) {
      const pause = pauseBefore(arrivals, rate, time % DAY, random.next());
      const none = nobodyCame(pause, time % DAY);
      await sleep(pause);
      time += pause;
      if (arrivals.stormAt !== undefined && !stormed && Math.floor((time % DAY) / 3_600_000) === arrivals.stormAt) {
        stormed = true;
        await storm();
      }
      if (none) continue;
      told++;
      tellings.push(tell(random.pick(stories), { world, commit, sleep }).then(() => {}, ended));
    }
    await Promise.all(tellings);
    // A storm that the few patients did not last until comes at the end.
    if (arrivals.stormAt !== undefined && !stormed) await storm();
  } catch (error) {
    ended(error);
  }
}

class Interrupted extends Error {}
function ended(error: unknown): void {
  if (!(error instanceof Interrupted)) throw error;
}

function worldOf(kernel: Kernel, ehr: EhrSite, { site, timeZone }: Running): StoryWorld {
  const random = kernel.random.fork('world');
  const { seed, runKey } = kernel;
  const crowd = people({ seed, runKey, label: 'feed', count: Number.MAX_SAFE_INTEGER, authority: AUTHORITY });
  const actors = (type: string) =>
    ehr.find(type, {}).map((one) => {
      const { name } = one as unknown as { name: string | { text: string }[] };
      return { reference: `${type}/${one.id}`, display: typeof name === 'string' ? name : (name[0]?.text ?? '') };
    });
  const [doctors, places] = [actors('Practitioner'), actors('Location')];
  const today = new Date(kernel.clock.now()).toLocaleDateString('en-CA', { timeZone });
  return {
    person: () => toPatient(crowd.next().value!, { name: site, authority: AUTHORITY }) as unknown as StoryRecord,
    at: (day, at) => {
      const date = new Date(Date.parse(`${today}T00:00:00Z`) + day * DAY).toISOString().slice(0, 10);
      return parseTime(`${date}${at}`.replace(/\D/g, ''), timeZone)!;
    },
    now: () => new Date(kernel.clock.now()).toISOString().replace(/\.\d+/, ''),
    staff: () => ({ doctor: random.pick(doctors), place: random.pick(places) }),
  };
}

function readTime(text: string): number {
  const [, hours, minutes] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  if (hours === undefined) throw new UsageError(`--from takes a time such as 06:00, not ${JSON.stringify(text)}`);
  return (Number(hours) * 60 + Number(minutes)) * 60_000;
}
