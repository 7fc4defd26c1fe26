import {
  type Concept,
  drawnSlots,
  generatePerson,
  type Person,
  population,
  toAppointment,
  toCondition,
  toEncounter,
  toPatient,
} from '#fixtures';
import { type Clock, type CommitRequest, type CommitResult, digest, Random, type RecordRef, type Rule } from '#simulators';
import { eachAtOnce } from '../each-at-once.ts';
import type { Evidence } from '../facts/evidence.ts';
import type { Offer } from '../facts/latency.ts';
import type { Settled, Settler, SettleTerms } from '../facts/settle.ts';
import type { Promises, SiteManifest } from '../manifest/manifest.ts';
import { boundaryCopies } from '../oracle/boundaries.ts';
import { addDays, instantAt, wallTime } from '../oracle/zones.ts';
import type { RunningSubject } from '../recorder.ts';
import type { Size } from '../result.ts';
import { Explorer, type Replay } from '../schedule/explorer.ts';
import type { Workload } from '../schedule/workloads.ts';
import type { SandboxClient } from './sandbox-client.ts';
import { CallDesk } from './world-calls.ts';
import { consentOf, type Decision, decisionPatch } from './world-consent.ts';
import { CrmDesk } from './world-crm.ts';
import { LinkDesk } from './world-link.ts';
import { SubjectDesk } from './world-subject.ts';

/** A record that a check made, by the name under which its `expect` finds it again. */
export interface Handle {
  name: string;
  ref: RecordRef;
  resource: Record<string, unknown>;
}

export interface PatientHandle extends Handle {
  person: Person;
}

export interface WorldOptions {
  cohort: string;
  site: SiteManifest;
  sandbox: SandboxClient;
  /** The subject's process, for checks that kill it. */
  subject?: RunningSubject;
  /** The most people that come at once: a model of a subject learns nothing by more, and takes its time. */
  crowdAtMost?: number;
  /** Has the subject poll while it is waited for, where it can be asked to. */
  pokes?: boolean;
  /** Has the subject's audit trail looked at, where there is one. */
  lookAtAudit?: () => Promise<void>;
  promises: Pick<
    Promises,
    | 'negative_acks'
    | 'retry'
    | 'sync_window'
    | 'ack_wait'
    | 'http_timeout'
    | 'summaries_per_day'
    | 'followup_hours'
    | 'tps'
    | 'catch_up_factor'
  >;
  settler: Settler;
  terms: SettleTerms;
  evidence: Evidence;
  clock: Clock;
  random: Random;
  runKey: string;
  /** How long the subject may take to see what was changed in the CRM, in ms; the sync window when absent. */
  reread?: number;
  /** Length of an outage that stands for ten minutes, in ms. */
  outageMs: number;
  /** `full` explores what a certificate needs; `ci` is the usual. */
  size?: Size;
  /** The how many-th replay this is: the same is done to people who differ in what people are told apart by. */
  again?: number;
  /** Recorded decisions that its exploration follows. */
  replay?: Replay;
}

/** A reference with the name that people read. */
interface Named {
  ref: string;
  display: string;
}

/** People who are registered at the same moment at most: a crowd, and not more connections than a machine has. */
const DESKS = 100;

const HALF_HOUR_MS = 1_800_000;

const icd10 = (code: string, display: string): Concept => ({ system: 'http://hl7.org/fhir/sid/icd-10-cm', code, display });

/** What many hospitals and laws let nobody outside of a treatment see. */
const GUARDED: readonly Concept[] = [
  icd10('B20', 'Human immunodeficiency virus [HIV] disease'),
  icd10('F10.20', 'Alcohol dependence, uncomplicated'),
  icd10('F11.20', 'Opioid dependence, uncomplicated'),
  icd10('F33.1', 'Major depressive disorder, recurrent, moderate'),
  icd10('Z33.2', 'Encounter for elective termination of pregnancy'),
  icd10('A53.9', 'Syphilis, unspecified'),
];

const creation = (resource: object) => ({
  op: 'create' as const,
  type: (resource as { resourceType: string }).resourceType,
  resource: resource as Record<string, unknown>,
});

/** A number of 48 bits that stands for some words: the same each time. */
const drawn = (...of: string[]): bigint => BigInt(`0x${digest(...of).slice(0, 12)}`);
const nineDigits = (...of: string[]): string => String((drawn(...of) % 900_000_000n) + 100_000_000n);

/**
 * What one check may do to one site and the CRM. Every stimulus goes through the control API and is journalled under the
 * check's cohort; nothing here looks at results.
 */
export class World {
  readonly site: SiteManifest;
  readonly cohort: string;
  readonly random: Random;
  readonly outageMs: number;
  /** What its users, jobs and administrators do in the CRM. */
  readonly crm: CrmDesk;
  /** The subject's own processes: what a crash or an update does to them, and what they tell their operator. */
  readonly subject: SubjectDesk;
  /** What goes over the site's HL7 link beside what commits lead to. */
  readonly link: LinkDesk;
  /** What is done to the subject's own calls. */
  readonly calls: CallDesk;
  #o: WorldOptions;
  #rules: string[] = [];
  #staff?: Promise<{ practitioners: Record<string, unknown>[]; locations: Record<string, unknown>[] }>;

  constructor(options: WorldOptions) {
    this.#o = options;
    this.site = options.site;
    this.cohort = options.cohort;
    this.random = options.random;
    this.outageMs = options.outageMs;
    const { cohort, sandbox, evidence } = options;
    this.crm = new CrmDesk({
      cohort,
      sandbox,
      evidence,
      note: (key, value) => this.note(key, value),
      seen: (what) => this.seen(what),
    });
    this.subject = new SubjectDesk({
      ...options,
      note: (key, value) => this.note(key, value),
      log: (data) => this.#log(data),
    });
    this.link = new LinkDesk({ ...options, note: (key, value) => this.note(key, value), pass: (ms) => this.pass(ms) });
    this.calls = new CallDesk(options, this);
  }

  /** Keeps a fact for `expect`, in the journal. */
  async note(key: string, value: unknown): Promise<void> {
    await this.#log({ type: 'note', key, value });
  }

  /**
   * Makes up a living person with every mapped element, without committing anything; the same name gives the same person
   * for the same seed and run key.
   */
  person(name: string, options: { complete?: boolean } = { complete: true }): Person {
    const random = this.random.fork(`person ${name}`);
    const { again } = this.#o;
    // What their own MRN and names would have taken of the randomness is taken, so that all else about them is as it was.
    if (again !== undefined) drawnSlots(random);
    const slots = again === undefined ? undefined : drawnSlots(random.fork(`again ${again}`));
    return generatePerson(random, { authority: this.site.authority, today: this.day(0), slots, ...options });
  }

  /** A person whom every site of this run knows alike: one name, one address, one history; the MRN is each hospital's own. */
  sharedPerson(name: string): Person {
    const random = new Random(digest(this.#o.runKey, this.cohort.split('/')[0]!, name));
    const person = generatePerson(random, { authority: this.site.authority, today: this.day(0), complete: true });
    return { ...person, mrn: this.person(name).mrn };
  }

  /** Commits a new patient. `register` is an outpatient registration (A04), `add` a person without a visit (A28). */
  async register(name: string, person = this.person(name), act: 'register' | 'add' = 'register'): Promise<PatientHandle> {
    const patient: PatientHandle = { ...(await this.#admit(name, person, act)), person };
    // Where new patients are found only through the schedule, being on it is part of registering.
    if (this.site.channels.discover.every((how) => how === 'schedule')) await this.book(`${name} first visit`, patient);
    return patient;
  }

  async #admit(name: string, person: Person, act: string): Promise<Handle> {
    return this.#take(name, person, act, toPatient(person, this.#fixtureSite()));
  }

  async #take(name: string, person: Person, act: string, resource: object): Promise<Handle> {
    await this.#log({ type: 'know', words: [person.canary.name] });
    return this.chart(name, act, resource);
  }

  /** Commits as few patients as hold, between them, every value at an edge of the rows of the map: lengths, codes, forms, days. */
  async registerEdges(name: string): Promise<void> {
    const { map } = this.#o.evidence.oracle;
    for (let n = 0; ; n += 1) {
      const person = this.person(`${name} ${n}`);
      const copies = boundaryCopies(map, toPatient(person, this.#fixtureSite()), this.site);
      if (n >= copies.length) return;
      await this.#take(`${name} ${n}`, person, 'register', copies[n]!);
    }
  }

  /** Changes elements of a record; null removes one. */
  async update<T extends Handle>(handle: T, patch: Record<string, unknown>, act = 'update', offer?: Offer): Promise<T> {
    const { type, id } = handle.ref;
    const [changed] = await this.#commit([handle.name], { act, offer, changes: [{ op: 'update', type, id, patch }] });
    return { ...handle, ...changed };
  }

  /** Books an appointment; without a time, on some weekday of the coming weeks. */
  async book(
    name: string,
    patient: Handle,
    options: { start?: number; minutes?: number; type?: string; offer?: Offer } = {},
  ): Promise<Handle> {
    const [handle] = await this.#commit([name], {
      act: 'book',
      offer: options.offer,
      changes: [await this.#booking(name, `Patient/${patient.ref.id}`, options)],
    });
    return handle!;
  }

  /** Books several appointments in one commit, all of one moment. */
  async bookAll(names: readonly string[], patient: Handle): Promise<Handle[]> {
    const changes = await Promise.all(names.map((name) => this.#booking(name, `Patient/${patient.ref.id}`, {})));
    return this.#commit([...names], { act: 'book', changes });
  }

  /** Has the site put no more than so many matches on a page of search results, as a server may; 0 for its own counts. */
  async pageLimit(most: number): Promise<void> {
    const { name } = this.site;
    await this.#o.sandbox.of(name).call('POST', `/v1/sites/${name}/settings`, { pageLimit: most });
  }

  /** Has the site put no more than so many resources in a file of an export; 0 for its own count. */
  async fileLimit(most: number): Promise<void> {
    const { name } = this.site;
    await this.#o.sandbox.of(name).call('POST', `/v1/sites/${name}/settings`, { fileLimit: most });
  }

  /** Moves an appointment, keeping its identity. */
  reschedule(appointment: Handle, start: number): Promise<Handle> {
    const { start: old, end } = appointment.resource as { start: string; end: string };
    const length = Date.parse(end) - Date.parse(old);
    const patch = { start: new Date(start).toISOString(), end: new Date(start + length).toISOString() };
    return this.update(appointment, patch, 'reschedule');
  }

  cancel(appointment: Handle): Promise<Handle> {
    return this.update(appointment, { status: 'cancelled' }, 'cancel');
  }

  /** Commits what the clinic records of a patient: a problem, a result, an order. */
  async chart(name: string, act: string, resource: object): Promise<Handle> {
    const [handle] = await this.#commit([name], { act, changes: [creation(resource)] });
    return handle!;
  }

  /** The same for many readings of one patient in one commit; they have no names. */
  async readings(resources: readonly object[]): Promise<void> {
    await this.#commit([], { act: 'result', changes: resources.map(creation) });
  }

  /** Somebody of this hospital and a place of work, by the name under which they are wanted; the same each time. */
  async staff(name: string): Promise<{ practitioner: Named; location: Named }> {
    const { practitioners, locations } = await this.#people();
    const random = this.random.fork(`staff ${name}`);
    const practitioner = random.pick(practitioners) as { id: string; name: { given: string[]; family: string }[] };
    const location = random.pick(locations) as { id: string; name: string };
    const display = `${practitioner.name[0]?.given[0]} ${practitioner.name[0]?.family}`;
    return {
      practitioner: { ref: `Practitioner/${practitioner.id}`, display },
      location: { ref: `Location/${location.id}`, display: location.name },
    };
  }

  /** A visit that came to its end some days ago, half an hour after it began. */
  async visit(name: string, patient: Handle, daysAgo = 1, type?: Concept): Promise<Handle> {
    const random = this.random.fork(`visit ${name}`);
    const start = this.at(-daysAgo, random.int(8, 16), random.pick([0, 15, 30, 45]));
    const resource = toEncounter({
      patientRef: `Patient/${patient.ref.id}`,
      start: new Date(start),
      end: new Date(start + HALF_HOUR_MS),
      ...(await this.staff(`visit ${name}`)),
      ...(type && { type }),
    });
    return this.chart(name, 'discharge', resource);
  }

  /** Problems that the map keeps out of the CRM, of those that hospitals guard most; ready to be committed. */
  guarded(patient: Handle): object[] {
    return GUARDED.map((code) =>
      toCondition({ patientRef: `Patient/${patient.ref.id}`, code, onset: this.day(-90), recorded: this.day(-1) }),
    ).filter((condition) => this.#o.evidence.oracle.excludes(patient.resource, { Condition: [condition] }, this.site.name));
  }

  /** Registers and books many people at once, many commits under way together. Returns how many. */
  async crowd(wanted: number): Promise<number> {
    const count = Math.min(wanted, this.#o.crowdAtMost ?? wanted);
    const { runKey, cohort } = this.#o;
    const people = population({
      seed: this.random.seed,
      runKey,
      label: cohort,
      count,
      authority: this.site.authority,
      today: this.day(0),
    });
    await eachAtOnce([...people.entries()], DESKS, async ([i, person]) => {
      await this.book(`appointment ${i + 1}`, await this.#admit(`person ${i + 1}`, person, 'register'));
    });
    return count;
  }

  /**
   * Makes commits at a steady rate for some time, whatever becomes of those before: each is due at a moment of its own and goes out
   * then, or as soon after it as the machine allows. `expect` finds them by the name of the schedule.
   */
  async offer(
    schedule: string,
    { perSecond, ms }: { perSecond: number; ms: number },
    make: (offer: Offer) => Promise<unknown>,
  ): Promise<void> {
    const { clock } = this.#o;
    const target = Math.max(1, Math.floor((perSecond * ms) / 1000));
    await this.note(`offered ${schedule}`, { target, ms, perSecond });
    const [from, made] = [clock.now(), [] as Promise<unknown>[]];
    for (let index = 0; index < target; index++) {
      const due = from + (index * 1000) / perSecond;
      if (due > clock.now()) await clock.sleep(due - clock.now());
      made.push(make({ schedule, index, due }));
    }
    await clock.sleep(Math.max(0, from + ms - clock.now()));
    await Promise.all(made);
  }

  /** A field of the patient's CRM object that the map works out of the chart, and a value that it does not hold now. */
  summaryField(patient: PatientHandle, type: string): { field: string; value: unknown } | undefined {
    return this.#o.evidence.summaryField(patient.ref, type);
  }

  /** Edits the CRM row of a record as a CRM user does. False when there is no such row yet. */
  crmEdit(handle: Handle, fields: Record<string, unknown>): Promise<boolean> {
    return this.crm.edit(handle, fields);
  }

  /** A field of a record's CRM object with that owner, and a value that it does not hold now; of the patient's, when none is given. */
  ownedField(owner: 'ehr' | 'crm', handle?: Handle): { field: string; value: string } | undefined {
    return this.#o.evidence.editableField(owner, handle?.ref);
  }

  /** A text field with a length that the map fills, as it is, from an element of that name. */
  sizedField(type: string, element: string): { object: string; field: string; size: number } | undefined {
    const row = this.#o.evidence
      .rowsOfMap(type)
      .find(
        ({ source, field_type, transform }) =>
          source.includes(`.${element}`) && /^text\(\d+\)$/.test(field_type) && transform === '',
      );
    return row && { object: row.object, field: row.field, size: Number(/\d+/.exec(row.field_type)![0]) };
  }

  /** How long the subject may take to see what was changed in the CRM behind its back, in ms. */
  get rereadWindow(): number {
    return this.#o.reread ?? this.#o.promises.sync_window;
  }

  /** Takes down what a patient decided, in the EHR. */
  async consent(name: string, patient: Handle, decision: Decision): Promise<Handle> {
    const number = `C${drawn(this.#o.runKey, this.cohort, name) % 1_000_000_000_000n}`;
    return this.chart(name, 'consent', consentOf(`Patient/${patient.ref.id}`, number, decision));
  }

  /** Takes down in the EHR that a patient decided anew. */
  decide<T extends Handle>(consent: T, decision: Omit<Decision, 'purpose' | 'channel'>): Promise<T> {
    return this.update(consent, decisionPatch(decision, consent.resource), 'consent');
  }

  /** Whole seconds, so many minutes from now (before, where negative). */
  minutes(from: number): number {
    return Math.floor(this.#o.clock.now() / 1000) * 1000 + from * 60_000;
  }

  /** Merges one chart into another, as the clinic does when it finds that two charts are one person. */
  async merge(loser: PatientHandle, survivor: PatientHandle): Promise<void> {
    const link = (type: string, to: Handle) => [{ type, other: { reference: `Patient/${to.ref.id}` } }];
    const change = (of: Handle, patch: Record<string, unknown>) => ({
      op: 'update' as const,
      type: 'Patient',
      id: of.ref.id,
      patch,
    });
    await this.#commit([loser.name, survivor.name], {
      act: 'merge',
      changes: [
        change(loser, { active: false, link: link('replaced-by', survivor) }),
        change(survivor, { link: link('replaces', loser) }),
      ],
    });
  }

  /** What the manifest says that the subject answers to a class of mistakes. */
  get negativeAcks(): Promises['negative_acks'] {
    return this.#o.promises.negative_acks;
  }

  /** Clinical summaries that the subject says it writes of one patient on one day, at most. */
  get summariesPerDay(): number {
    return this.#o.promises.summaries_per_day;
  }

  /** Hours from the end of a visit within which the subject says that its follow-up is due. */
  get followUpHours(): number {
    return this.#o.promises.followup_hours;
  }

  /** Changes a second that the subject says it keeps up with. */
  get tps(): number {
    return this.#o.promises.tps;
  }

  /** How long the subject says that it takes to catch up after an outage of so many ms: never less than the sync window that each change has anyway. */
  catchUpMs(outageMs: number): number {
    return Math.max(this.#o.promises.catch_up_factor * outageMs, this.syncWindow);
  }

  /** How the subject says that it retries, in ms. */
  get retry(): Promises['retry'] {
    return this.#o.promises.retry;
  }

  /** The longest interval at which the subject polls this site or the CRM (ms); 0 where it does not. */
  get pollInterval(): number {
    return this.#o.terms.pollInterval;
  }

  /** How long the subject says that an acknowledgement may take, in ms. */
  get ackWait(): number {
    return this.#o.promises.ack_wait;
  }

  /** How long the subject says that it waits for an answer to its calls, in ms. */
  get httpTimeout(): number {
    return this.#o.promises.http_timeout;
  }

  /** The declared sync window, in ms. */
  get syncWindow(): number {
    return this.#o.promises.sync_window;
  }

  /** Waits until the CRM is as the map asks for the people of this check, whatever else is still under way; false when it was not in time. */
  async mapped(withinMs: number): Promise<boolean> {
    const until = this.#o.clock.now() + withinMs;
    while (this.#o.evidence.asMapped(this.cohort).length > 0) {
      if (this.#o.clock.now() >= until) return false;
      await this.#o.clock.sleep(50);
    }
    return true;
  }

  /** Whether a patient has a row in the CRM by now. */
  hasRow(patient: Handle): boolean {
    return this.#o.evidence.rowOf(patient.ref) !== undefined;
  }

  /** Waits until the journal shows something, for so many ms at most; false when it did not. */
  async seen(what: (facts: Evidence['facts']) => boolean, withinMs = 5_000): Promise<boolean> {
    const until = this.#o.clock.now() + withinMs;
    while (!what(this.#o.evidence.facts)) {
      if (this.#o.clock.now() >= until) return false;
      await this.#o.clock.sleep(5);
    }
    return true;
  }

  /** The id under which a rule of this check is armed. */
  ruleId(name: string): string {
    return `${this.cohort}/${name}`;
  }

  /** How long a gate may hold a call: two in a row are over before the subject gives up, or the hospital sends again, in ms. */
  get gateMs(): number {
    return Math.floor(0.4 * Math.min(this.httpTimeout, this.ackWait));
  }

  get size(): Size {
    return this.#o.size ?? 'ci';
  }

  /** Whether the subject hears of edits in the CRM. */
  get readsEdits(): boolean {
    return this.#o.terms.crmBack;
  }

  /** Runs lanes of work side by side, each with the subject's calls held and let go in an order of its own; `expect` finds them as `schedules`. */
  explore(lanes: readonly { name: string; workload: Workload }[]): Promise<void> {
    const { cohort, sandbox, evidence, clock, terms, replay } = this.#o;
    const arm = async (...rules: (Rule & { id: string })[]) => {
      this.#rules.push(...rules.map(({ id }) => id));
      await sandbox.arm(...rules);
    };
    const explorer = new Explorer({
      ...{
        cohort,
        site: this.site.name,
        sandbox,
        facts: evidence.facts,
        clock,
        random: this.random.fork('schedules'),
        arm,
        replay,
      },
      note: (key, value) => this.note(key, value),
      heal: (...ids) => sandbox.heal(...ids),
      deadlineMs: this.gateMs,
      pollInterval: terms.pollInterval,
      isTold: terms.reads.some((kind) => kind === 'hl7' || kind === 'subscription'),
    });
    return explorer.run(lanes.map(({ name, workload }) => ({ name, make: () => workload(this, name) })));
  }

  /** The number of an appointment, before it is booked under that name. */
  visitNumber(name: string): string {
    return nineDigits(this.#o.runKey, this.cohort, name);
  }

  /** Whether a rule that this check armed has hit something. */
  hasFired(name: string): boolean {
    return this.#o.evidence.facts.fired.some(({ rule }) => rule === this.ruleId(name));
  }

  /** Nine digits that are the same at every site of this run, for what two hospitals have in common by chance. */
  sharedNumber(name: string): string {
    const check = this.cohort.split('/')[0]!;
    return nineDigits(this.#o.runKey, check, name);
  }

  /** Arms a rule under a name, for `expect` to ask whether it fired. */
  async arm(name: string, rule: Rule): Promise<void> {
    const id = this.ruleId(name);
    this.#rules.push(id);
    await this.note(`rule ${name}`, id);
    await this.#o.sandbox.arm({ ...rule, id });
  }

  async heal(name: string): Promise<void> {
    await this.#o.sandbox.heal(this.ruleId(name));
  }

  /** Heals what this check armed and has not healed. */
  async healAll(): Promise<void> {
    await this.crm.restore();
    await this.#o.sandbox.heal(...this.#rules);
  }

  /** Waits until nothing more will come, and marks that moment. True when all is then as the map asks. */
  async settled(label: string, { window = this.#o.terms.syncWindow }: { window?: number } = {}): Promise<boolean> {
    const over = new AbortController();
    const polling = this.#o.pokes
      ? this.subject.keepPolling((ms) => this.#o.clock.sleep(ms, over.signal), over.signal)
      : undefined;
    const outcome: Settled = await this.#o.settler.wait(this.cohort, { ...this.#o.terms, syncWindow: window });
    over.abort();
    await polling;
    await this.#log({ type: 'settled', label, ...outcome });
    // A channel that did not show everything is judged with the rest; here it only matters whether going on makes sense.
    return outcome.by === 'as-mapped' || (outcome.by === 'window' && this.#o.evidence.asMapped(this.cohort).length === 0);
  }

  /** Lets the world stand as it is for some time: the length of an outage, nothing else. */
  pass(ms: number): Promise<void> {
    return this.#o.clock.sleep(ms);
  }

  /** Epoch ms of a wall time at this site, so many days from today. */
  at(daysAhead: number, hour: number, minute = 0): number {
    return instantAt(this.day(daysAhead), hour, minute, this.site.time_zone);
  }

  /** A calendar day at this site, so many days from today. */
  day(ahead: number): string {
    return addDays(wallTime(this.#o.clock.now(), this.site.time_zone).date, ahead);
  }

  async #booking(name: string, patientRef: string, options: { start?: number; minutes?: number; type?: string }) {
    const random = this.random.fork(`appointment ${name}`);
    const start = options.start ?? this.at(random.int(3, 40), random.int(8, 16), random.pick([0, 15, 30, 45]));
    const resource = toAppointment(
      {
        patientRef,
        csn: this.visitNumber(name),
        start: new Date(start).toISOString(),
        minutes: options.minutes ?? 30,
        status: 'booked',
        typeText: options.type ?? random.pick(['New Patient', 'Follow-up', 'Annual Physical', 'Procedure']),
        ...(await this.staff(name)),
      },
      this.#fixtureSite(),
    );
    return creation(resource);
  }

  #people() {
    const list = async (type: string) =>
      (
        await this.#o.sandbox
          .of(this.site.name)
          .call<{ resources: Record<string, unknown>[] }>('GET', `/v1/sites/${this.site.name}/records/${type}`)
      ).resources;
    this.#staff ??= Promise.all([list('Practitioner'), list('Location')]).then(([practitioners, locations]) => ({
      practitioners,
      locations,
    }));
    return this.#staff;
  }

  #fixtureSite() {
    return { name: this.site.name, authority: this.site.authority };
  }

  async #commit(names: string[], request: CommitRequest): Promise<Handle[]> {
    const result: CommitResult = await this.#o.sandbox
      .of(this.site.name)
      .commitSite(this.site.name, { actor: 'user:clinic', cohort: this.cohort, ...request });
    const handles = names.map((name, i) => ({ name, ref: result.records[i]!, resource: result.resources?.[i] ?? {} }));
    for (const { name, ref } of handles)
      await this.note(`record ${name}`, { sim: ref.sim, tenant: ref.tenant, type: ref.type, id: ref.id });
    return handles;
  }

  async #log(data: Record<string, unknown>): Promise<void> {
    await this.#o.sandbox.note([{ sim: 'judge', kind: 'check', cohort: this.cohort, data }]);
  }
}
