import type { Manifest, SandboxClient } from '#conformance';
import { VENDORS } from '#ehr';
import { type Person, population, toAppointment, toPatient } from '#fixtures';
import { digest } from '#kernel';

/** One body of `POST /v1/sites/<site>/commits`. */
interface Commit {
  act: string;
  actor: string;
  cohort: string;
  changes: Record<string, unknown>[];
}

/** What `scenarios/load/volume.ts` loads, and the words by which the judge knows its people. */
export interface PreparedLoad {
  burst: { patient: Commit; appointment: Commit }[];
  steady: Commit[];
  words: string[];
}

export interface PrepareOptions {
  site: Manifest['sites'][number];
  sandbox: SandboxClient;
  seed: string;
  runKey: string;
  cohort: string;
  people: number;
  /** Changes of the steady phase. */
  changes: number;
  /** Epoch ms. */
  now: number;
}

const DAY = 86_400_000;

/**
 * Writes every commit of a load run beforehand, ids included, so that the script has nothing to work out and nothing to wait
 * for. The steady phase takes turns: a phone changes, a visit moves, somebody new is registered, a phone changes.
 */
export async function prepareLoad(options: PrepareOptions): Promise<PreparedLoad> {
  const { site, seed, runKey, cohort, people, changes, now } = options;
  const today = new Date(now).toISOString().slice(0, 10);
  const cohortOf = (label: string, count: number) =>
    population({ seed, runKey, label, count, authority: site.authority, today, complete: true });
  // Where new patients are found only through the schedule, nobody is registered without a visit.
  const newcomers = !site.channels.discover.every((how) => how === 'schedule');
  const persons = cohortOf(cohort, people + (newcomers ? Math.ceil(changes / 4) : 0));
  const numbers = cohortOf(`${cohort} new numbers`, changes);
  const desk = await openDesk(options);
  const steady = numbers.map((other, i): Commit => {
    const person = persons[i % people]!;
    if (i % 4 === 1) return desk.move(person, i);
    if (i % 4 === 2 && newcomers) return desk.register(persons[people + (i - 2) / 4]!);
    return desk.renumber(person, mobileOf(other));
  });
  const burst = persons.slice(0, people).map((person) => ({ patient: desk.register(person), appointment: desk.book(person) }));
  return { burst, steady, words: persons.map((person) => person.canary.name) };
}

const mobileOf = ({ telecom }: Person): string => telecom.find(({ use, period }) => use === 'mobile' && !period?.end)!.value;

/** Writes commits as the clinic's desk would make them. */
async function openDesk({ site, sandbox, seed, runKey, cohort, now }: PrepareOptions) {
  const { hooks } = VENDORS.find(({ id }) => id === site.vendor)!;
  const idOf = (type: string, { n }: Person): string => {
    const hex = digest(seed, runKey, cohort, type, n);
    // Where ids are numbers: one far above those that the site gives out itself.
    const serial = () => 1_000_000_000 + Number.parseInt(hex.slice(0, 11), 16);
    return hooks.mintId(hex, type, serial, { tenant: site.tenant ?? site.practice ?? '', taken: () => false });
  };
  const staff = async (type: string) =>
    (await sandbox.of(site.name).call<{ resources: Record<string, unknown>[] }>('GET', `/v1/sites/${site.name}/records/${type}`))
      .resources;
  const practitioners = (await staff('Practitioner')) as unknown as { id: string; name: { given: string[]; family: string }[] }[];
  const locations = (await staff('Location')) as unknown as { id: string; name: string }[];
  const firstCsn = Number(BigInt(`0x${digest(seed, runKey, cohort, 'CSN').slice(0, 12)}`) % 800_000_000n) + 100_000_000;
  const monday = Math.floor(now / DAY) * DAY + 3 * DAY;
  const slot = (i: number): number => monday + (i % 30) * DAY + 14 * 3_600_000 + (i % 16) * 900_000;
  const commit = (act: string, change: Record<string, unknown>): Commit => ({
    act,
    actor: 'user:clinic',
    cohort,
    changes: [change],
  });

  return {
    register(person: Person): Commit {
      const id = idOf('Patient', person);
      return commit('register', { op: 'create', type: 'Patient', id, resource: toPatient(person, site) });
    },
    book(person: Person): Commit {
      const practitioner = practitioners[person.n % practitioners.length]!;
      const location = locations[person.n % locations.length]!;
      const resource = toAppointment(
        {
          patientRef: `Patient/${idOf('Patient', person)}`,
          csn: String(firstCsn + person.n),
          start: new Date(slot(person.n)),
          minutes: 30,
          status: 'booked',
          typeText: 'Follow-up',
          practitioner: {
            ref: `Practitioner/${practitioner.id}`,
            display: `${practitioner.name[0]?.given[0]} ${practitioner.name[0]?.family}`,
          },
          location: { ref: `Location/${location.id}`, display: location.name },
        },
        site,
      );
      return commit('book', { op: 'create', type: 'Appointment', id: idOf('Appointment', person), resource });
    },
    /** Another mobile number, that nobody else has. */
    renumber(person: Person, mobile: string): Commit {
      const telecom = toPatient(person, site).telecom?.map((entry) =>
        entry.use === 'mobile' && !entry.period?.end ? { ...entry, value: mobile } : entry,
      );
      return commit('update', { op: 'update', type: 'Patient', id: idOf('Patient', person), patch: { telecom } });
    },
    /** The visit moves by a day and some quarters of an hour, so that no two moves agree. */
    move(person: Person, i: number): Commit {
      const start = slot(person.n) + DAY + (i % 5000) * 60_000;
      const instant = (ms: number) => new Date(ms).toISOString().replace('.000Z', 'Z');
      const patch = { start: instant(start), end: instant(start + 30 * 60_000) };
      return commit('reschedule', { op: 'update', type: 'Appointment', id: idOf('Appointment', person), patch });
    },
  };
}
