import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type CrmEdit, type DataMap, type Manifest, type SandboxClient, SETTLED_IN } from '#conformance';
import { VENDORS } from '#ehr';
import { type Person, population, toAppointment, toPatient } from '#fixtures';
import { digest } from '#kernel';
import type { ScheduleShape, ScriptShape } from './load-script.ts';
import { UsageError } from './usage.ts';

/** A body of `POST /v1/sites/<site>/commits`. */
interface Commit {
  act: string;
  actor: string;
  cohort: string;
  changes: Record<string, unknown>[];
}

/** One call that an iteration makes (`scenarios/load/shared/script.ts`). */
export interface PreparedCall {
  to: 'site' | 'crm';
  path: string;
  /** Its body as JSON: the script only adds its place in the schedule. */
  text: string;
}

export interface PreparedLoad {
  /** By schedule, what each of its iterations offers: calls, or the path of what is read. */
  schedules: Record<string, Iterable<PreparedCall[] | string>>;
  /** Calls that one iteration of each schedule makes. */
  calls: Record<string, number>;
  /** Commits that put people into the site before the subject is started, many people in one. */
  residents: () => Generator<Commit>;
  /** The words by which the judge knows the people. */
  words: string[];
}

export interface PrepareOptions {
  site: Manifest['sites'][number];
  sandbox: SandboxClient;
  seed: string;
  runKey: string;
  cohort: string;
  shape: ScriptShape;
  /** What CRM users have reports of. */
  objects: DataMap['objects'];
  /** How a CRM user edits a person, where the map lets one. */
  edit?: (patient: object, n: number) => CrmEdit;
  /** Epoch ms. */
  now: number;
}

const DAY = 86_400_000;

/** People in one commit of those who settle in. */
const AT_ONCE = 20;

// k6 may fit in an iteration more than the area under a curve holds.
const withSlack = (count: number): number => Math.ceil(count * 1.01) + 2;

/**
 * Works out every commit of a load run beforehand, ids included, so that the script has nothing to work out and nothing to wait
 * for. Each kind of offer is a row of the table below.
 */
export async function prepareLoad(options: PrepareOptions): Promise<PreparedLoad> {
  const { site, seed, runKey, cohort, shape, now, edit, objects } = options;
  const today = new Date(now).toISOString().slice(0, 10);
  const cohortOf = (label: string, count: number) =>
    population({ seed, runKey, label, count, authority: site.authority, today, complete: true });
  const schedules = Object.entries(shape.schedules);
  const total = (kind: ScheduleShape['kind'], of = (count: number) => count) =>
    schedules.reduce((sum, [, one]) => sum + (one.kind === kind ? of(one.count) : 0), 0);
  // Where new patients are found only through the schedule, nobody is registered without a visit.
  const newcomers = !site.channels.discover.every((how) => how === 'schedule');
  const known = shape.residents + total('arrivals');
  const later =
    total('arrivals', (count) => withSlack(count) - count) + (newcomers ? Math.ceil(total('changes', withSlack) / 4) : 0);
  const persons = cohortOf(cohort, known + later);
  const numbers = cohortOf(`${cohort} new numbers`, total('changes', withSlack) + total('updates', withSlack));
  const desk = await openDesk(options);
  let [arrived, more, renumbered] = [shape.residents, known, 0];
  const somebody = (i: number): Person => persons[i % known]!;
  // Who comes in a schedule's slack is nobody that changes are about.
  const arrival = (): Person => (arrived < known ? persons[arrived++]! : persons[more++]!);
  const newNumber = (person: Person): Commit => desk.renumber(person, mobileOf(numbers[renumbered++]!));
  const call = (to: PreparedCall['to'], path: string, body: Omit<Commit, 'actor'> & { actor?: string }): PreparedCall => ({
    ...{ to, path },
    text: JSON.stringify(body),
  });
  const atSite = (body: Commit): PreparedCall => call('site', `/v1/sites/${site.name}/commits`, body);

  const offer: Record<ScheduleShape['kind'], (i: number) => PreparedCall[] | string> = {
    arrivals: () => {
      const person = arrival();
      return [atSite(desk.register(person)), atSite(desk.book(person))];
    },
    // In turns: a phone changes, a visit moves, somebody new is registered, a phone changes.
    changes: (i) => {
      if (i % 4 === 1) return [atSite(desk.move(somebody(i), i))];
      if (i % 4 === 2 && newcomers) return [atSite(desk.register(persons[more++]!))];
      return [atSite(newNumber(somebody(i)))];
    },
    updates: (i) => [atSite(newNumber(somebody(i)))],
    edits: (i) => {
      if (!edit)
        throw new UsageError("the map has no field of a patient's that the CRM owns: there is nothing for CRM users to edit");
      const changes = [{ op: 'update', ...edit(toPatient(somebody(i), site), Math.floor(i / known)) }];
      return [call('crm', '/v1/crm/commits', { act: 'edit', cohort, changes })];
    },
    reads: (i) => `Patient/${desk.idOf(somebody(i))}`,
    reports: (i) => {
      const { object, live_when } = objects[i % objects.length]!;
      return `/v1/crm/records/${object}?limit=200${live_when && `&where=${encodeURIComponent(live_when)}`}`;
    },
  };
  const entriesOf = function* ({ kind, count }: ScheduleShape) {
    for (let i = 0; i < withSlack(count); i++) yield offer[kind](i);
  };
  return {
    schedules: Object.fromEntries(schedules.map(([name, one]) => [name, entriesOf(one)])),
    calls: Object.fromEntries(schedules.map(([name, { kind }]) => [name, kind === 'arrivals' ? 2 : 1])),
    residents: function* () {
      for (let n = 0; n < shape.residents; n += AT_ONCE) {
        const some = persons.slice(n, Math.min(n + AT_ONCE, shape.residents));
        const changes = some.flatMap((person) => [...desk.register(person).changes, ...desk.book(person).changes]);
        yield { act: SETTLED_IN, actor: 'user:clinic', cohort, changes };
      }
    },
    words: persons.map((person) => person.canary.name),
  };
}

/** Writes what was prepared as a script reads it: one file for each schedule, a bit at a time. */
export function writePrepared({ schedules }: PreparedLoad, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, entries] of Object.entries(schedules)) {
    const file = openSync(join(folder, `${name}.json`), 'w');
    let text = '[';
    for (const entry of entries) {
      text += `${text === '[' ? '' : ',\n'}${JSON.stringify(entry)}`;
      if (text.length < 1 << 20) continue;
      writeSync(file, text);
      text = ' ';
    }
    writeSync(file, `${text}]`);
    closeSync(file);
  }
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
    idOf: (person: Person): string => idOf('Patient', person),
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
