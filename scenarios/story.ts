import type { Place } from './yaml-file.ts';

/** What a story gives names to. */
type Kind = 'person' | 'appointment' | 'stay' | 'record';

/** What a step can mean, and what its `of` must be: a person, an appointment, a stay or another record, new or known. */
const ACTS = {
  register: { of: 'person', made: true },
  add: { of: 'person', made: true },
  update: { of: 'person' },
  'update-person': { of: 'person' },
  merge: { of: 'person' },
  book: { of: 'appointment', made: true },
  reschedule: { of: 'appointment' },
  modify: { of: 'appointment' },
  arrive: { of: 'appointment' },
  complete: { of: 'appointment' },
  cancel: { of: 'appointment' },
  'no-show': { of: 'appointment' },
  'delete-appointment': { of: 'appointment' },
  'delete-person': { of: 'person' },
  'pre-admit': { of: 'stay', made: true },
  admit: { of: 'stay', made: true },
  transfer: { of: 'stay' },
  discharge: { of: 'stay' },
  'cancel-admit': { of: 'stay' },
  'cancel-discharge': { of: 'stay' },
  'delete-visit': { of: 'stay' },
  result: { of: 'record', made: true },
  immunize: { of: 'record', made: true },
  document: { of: 'record', made: true },
  refer: { of: 'record', made: true },
} as const satisfies Record<string, { of: Kind; made?: true }>;

export type Act = keyof typeof ACTS;

/** One thing that somebody at a clinic does. People and appointments are called by names that the story gives them. */
export interface Step {
  act: Act;
  /** Whom or what it is about. */
  of: string;
  /** book, admit, pre-admit, result, immunize, document, refer: for whom. */
  for?: string;
  /** merge: who remains; `of` is merged away. */
  into?: string;
  /** book, reschedule: days from the day on which the story is told. */
  day?: number;
  /** book, reschedule: `HH:MM` on the clocks of the site. */
  at?: string;
  /** book, reschedule: length; 30 when absent. */
  minutes?: number;
  /** book: name of the appointment type; result, immunize, document, refer: of what. */
  type?: string;
  /** update, update-person, modify: FHIR elements that replace those of the record; null removes one. */
  set?: Record<string, unknown>;
  /** Milliseconds since the step before. */
  after?: number;
}

/** A named clinical or front-desk sequence of acts. */
export interface Story {
  name: string;
  title: string;
  steps: Step[];
}

const NAME = /^[a-z][a-z0-9-]*$/;
const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const WORDS = ['for', 'into', 'day', 'at', 'minutes', 'type', 'set', 'after'] as const;
// Which of the words an act takes; those marked must be there.
const TAKES: Partial<Record<Act, readonly string[]>> = {
  update: ['set!'],
  'update-person': ['set!'],
  modify: ['set!'],
  merge: ['into!'],
  book: ['for!', 'day!', 'at!', 'minutes', 'type'],
  reschedule: ['day!', 'at!', 'minutes'],
  'pre-admit': ['for!'],
  admit: ['for!'],
  result: ['for!', 'type'],
  immunize: ['for!', 'type'],
  document: ['for!', 'type'],
  refer: ['for!', 'type'],
};

/** Reads one story. Throws ScenarioError at the first mistake. */
export function readStory(root: Place): Story {
  const { name, title, steps } = root.keys(['name', 'title', 'steps']);
  const known = new Map<string, Kind>();
  return {
    name: name.text(NAME, 'a name in small letters, digits and hyphens'),
    title: title.text(),
    steps: steps.list().map((step) => readStep(step, known)),
  };
}

function readStep(place: Place, known: Map<string, Kind>): Step {
  const parts = place.keys(['act', 'of'], WORDS);
  const act = parts.act.oneOf(Object.keys(ACTS) as Act[], 'act');
  const takes = ['after', ...(TAKES[act] ?? [])];
  for (const word of WORDS) {
    if (parts[word] && !takes.some((taken) => taken.replace('!', '') === word))
      parts[word].fail(`"${act}" takes no "${word}"`, 'remove it');
    if (!parts[word] && takes.includes(`${word}!`)) place.fail(`"${act}" needs "${word}"`, `add ${word}: …`);
  }
  const call = (part: Place, kind: Kind): string => {
    const name = part.text(NAME, 'a name in small letters, digits and hyphens');
    if (known.get(name) === kind) return name;
    const names = [...known].filter(([, other]) => other === kind).map(([other]) => other);
    return part.fail(
      `the story knows no ${kind} "${name}" here`,
      names.length > 0 ? `use one of: ${names.join(', ')}` : `let one be made by a step before`,
    );
  };

  const { of: kind, made }: { of: Kind; made?: true } = ACTS[act];
  const of = made ? parts.of.text(NAME, 'a name in small letters, digits and hyphens') : call(parts.of, kind);
  if (made && known.has(of)) parts.of.fail(`"${of}" was made before`, 'give the new one another name');
  const step: Step = { act, of };
  if (parts.for) step.for = call(parts.for, 'person');
  if (parts.into) step.into = call(parts.into, 'person');
  if (step.into === of) parts.into?.fail('nobody can be merged into themselves', 'name another person');
  if (made) known.set(of, kind);
  if (parts.day) step.day = parts.day.integer(-3650, 3650);
  if (parts.at) step.at = parts.at.text(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time such as "09:30" (with its quotation marks)');
  if (parts.minutes) step.minutes = parts.minutes.integer(1, 1440);
  if (parts.type) step.type = parts.type.text();
  if (parts.set) step.set = elements(parts.set);
  if (parts.after) step.after = duration(parts.after);
  return step;
}

function elements(place: Place): Record<string, unknown> {
  const data = place.data();
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    return place.fail('elements of the record are expected here', 'write set: { birthDate: … }');
  return data as Record<string, unknown>;
}

function duration(place: Place): number {
  const [, count, unit] = /^(\d+)(ms|s|m|h)$/.exec(place.text(/^\d+(ms|s|m|h)$/, 'a duration such as 500ms, 2s, 5m, 1h')) ?? [];
  return Number(count) * (UNITS[unit as string] as number);
}
