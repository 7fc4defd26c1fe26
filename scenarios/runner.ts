import type { Act, Step, Story } from './story.ts';

/** A record as a commit takes and gives it. */
export type StoryRecord = { resourceType: string; id?: string } & Record<string, unknown>;

/** One change of a commit, as `POST /v1/sites/<site>/commits` takes it. */
export type StoryChange =
  | { op: 'create'; type: string; resource: StoryRecord }
  | { op: 'update'; type: string; id: string; patch: Record<string, unknown> };

export interface StoryCommit {
  act: Act;
  changes: StoryChange[];
}

/** Who and what a story is told with: it names people and days, the world says who and when they are. */
export interface StoryWorld {
  /** A new person, without an id. Each call gives another one. */
  person(): StoryRecord;
  /** The instant (ISO 8601) at which the site's clocks show that time, so many days from today. */
  at(day: number, time: string): string;
  /** Now, ISO 8601. */
  now(): string;
  /** Who sees the patient, and where: participants of an appointment, the doctor first, then the place. */
  staff(): { doctor: StoryActor; place: StoryActor };
}

export interface StoryActor {
  reference: string;
  display?: string;
}

/** Ids of the records of a telling, by the names that the story gives them. */
export type Known = ReadonlyMap<string, string>;

const reference = (known: Known, name: string): StoryActor => ({ reference: `Patient/${known.get(name)}` });
const minutesLater = (from: string, minutes: number): string =>
  new Date(Date.parse(from) + minutes * 60_000).toISOString().replace('.000Z', 'Z');

const slot = (step: Step, world: StoryWorld): Record<string, unknown> => {
  const start = world.at(step.day ?? 0, step.at ?? '09:00');
  const minutes = step.minutes ?? 30;
  return { start, end: minutesLater(start, minutes), minutesDuration: minutes };
};

const CLASSES: Partial<Record<Act, string>> = { admit: 'IMP', 'pre-admit': 'PRENC' };
const SYSTEM = 'http://terminology.hl7.org/CodeSystem';

const stay = (step: Step, known: Known, world: StoryWorld): StoryRecord => {
  const { doctor, place } = world.staff();
  const attending = { coding: [{ system: `${SYSTEM}/v3-ParticipationType`, code: 'ATND' }] };
  return {
    resourceType: 'Encounter',
    status: step.act === 'pre-admit' ? 'planned' : 'in-progress',
    class: { system: `${SYSTEM}/v3-ActCode`, code: CLASSES[step.act] ?? 'IMP' },
    subject: reference(known, step.for!),
    participant: [{ type: [attending], individual: doctor }],
    location: [{ location: place, status: 'active' }],
    period: { start: world.now() },
  };
};

type Make = (step: Step, known: Known, world: StoryWorld) => StoryRecord;
type Change = (step: Step, world: StoryWorld) => Record<string, unknown>;

const text = (words: string) => ({ text: words });

/** Acts that make a record. */
const MADE: Partial<Record<Act, Make>> = {
  register: (_step, _known, world) => world.person(),
  add: (_step, _known, world) => world.person(),
  book: (step, known, world) => {
    const { doctor, place } = world.staff();
    return {
      resourceType: 'Appointment',
      status: 'booked',
      ...slot(step, world),
      appointmentType: text(step.type ?? 'Office Visit'),
      participant: [reference(known, step.for!), doctor, place].map((actor) => ({ actor, status: 'accepted' })),
    };
  },
  admit: stay,
  'pre-admit': stay,
  result: (step, known, world) => ({
    resourceType: 'Observation',
    status: 'final',
    code: { coding: [{ system: 'http://loinc.org', code: '718-7', display: step.type ?? 'Hemoglobin' }] },
    subject: reference(known, step.for!),
    effectiveDateTime: world.now(),
    valueQuantity: { value: 13.4, unit: 'g/dL', system: 'http://unitsofmeasure.org', code: 'g/dL' },
  }),
  immunize: (step, known, world) => ({
    resourceType: 'Immunization',
    status: 'completed',
    vaccineCode: { coding: [{ system: 'http://hl7.org/fhir/sid/cvx', code: '150', display: step.type ?? 'Influenza' }] },
    patient: reference(known, step.for!),
    occurrenceDateTime: world.now(),
  }),
  document: (step, known, world) => ({
    resourceType: 'DocumentReference',
    status: 'current',
    type: { coding: [{ system: 'http://loinc.org', code: '18842-5', display: step.type ?? 'Discharge summary' }] },
    subject: reference(known, step.for!),
    date: world.now(),
    content: [{ attachment: { contentType: 'text/plain', data: btoa('Seen and discharged.') } }],
  }),
  refer: (step, known, world) => ({
    resourceType: 'ServiceRequest',
    status: 'active',
    intent: 'order',
    code: text(step.type ?? 'Cardiology'),
    subject: reference(known, step.for!),
    authoredOn: world.now(),
    requester: world.staff().doctor,
  }),
};

const status =
  (value: string): Change =>
  () => ({ status: value });

/** Acts that change one, and of which type. */
const CHANGED: Partial<Record<Act, [type: string, change: Change]>> = {
  update: ['Patient', ({ set = {} }) => set],
  'update-person': ['Patient', ({ set = {} }) => set],
  'delete-person': ['Patient', () => ({ active: false })],
  reschedule: ['Appointment', slot],
  modify: ['Appointment', ({ set = {} }) => set],
  arrive: ['Appointment', status('arrived')],
  complete: ['Appointment', status('fulfilled')],
  cancel: ['Appointment', status('cancelled')],
  'no-show': ['Appointment', status('noshow')],
  'delete-appointment': ['Appointment', status('entered-in-error')],
  transfer: ['Encounter', (_step, world) => ({ location: [{ location: world.staff().place, status: 'active' }] })],
  discharge: ['Encounter', (_step, world) => ({ status: 'finished', period: { start: world.now(), end: world.now() } })],
  'cancel-admit': ['Encounter', status('cancelled')],
  'cancel-discharge': ['Encounter', status('in-progress')],
  'delete-visit': ['Encounter', status('entered-in-error')],
};

/** What one step of a story is to its site: a commit. Pure; `known` holds the ids that earlier steps made. */
export function commitOf(step: Step, known: Known, world: StoryWorld): StoryCommit {
  const { act, of } = step;
  const id = known.get(of) ?? '';
  const make = MADE[act];
  if (make) {
    const resource = make(step, known, world);
    return { act, changes: [{ op: 'create', type: resource.resourceType, resource }] };
  }
  if (act === 'merge') {
    const into = known.get(step.into!)!;
    const link = (to: string, type: string) => [{ other: { reference: `Patient/${to}` }, type }];
    return {
      act,
      changes: [
        { op: 'update', type: 'Patient', id, patch: { active: false, link: link(into, 'replaced-by') } },
        { op: 'update', type: 'Patient', id: into, patch: { link: link(id, 'replaces') } },
      ],
    };
  }
  const [type, change] = CHANGED[act]!;
  return { act, changes: [{ op: 'update', type, id, patch: change(step, world) }] };
}

/** What telling a story needs: the way to commit, which gives the ids of the records, and the way to wait. */
export interface Teller {
  world: StoryWorld;
  commit(commit: StoryCommit): Promise<{ records: readonly { id: string }[] }>;
  /** Waits so many milliseconds of the story; rejects or returns early to end it. */
  sleep(ms: number): Promise<void>;
}

/** Tells a story: each step after the pause that stands before it. Gives the ids of what it made, by name. */
export async function tell(story: Story, { world, commit, sleep }: Teller): Promise<Known> {
  const known = new Map<string, string>();
  for (const step of story.steps) {
    if (step.after) await sleep(step.after);
    const { records } = await commit(commitOf(step, known, world));
    if (MADE[step.act]) known.set(step.of, records[0]!.id);
  }
  return known;
}
