import type { Given, SiteFacts } from '../vendor.ts';

type Refuse = (why: string, name: string) => never;
type Rule = (given: readonly Given[], refuse: Refuse) => Given[] | undefined;

const LOWER = ['ge', 'gt'];
const UPPER = ['le', 'lt'];
const TIMED = /T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+ -]\d\d:?\d\d)$/;

interface DateRules {
  /** A time and its offset from UTC must be there. */
  timed?: boolean;
  /** Prefixes that are offered; all when absent. A value without one is `''`. */
  prefixes?: readonly string[];
  /** How often it must be given. */
  times?: 1 | 2;
}

// "May be provided once … alternately twice": then one bound below and one above, and something between them.
const dates =
  (name: string, { timed, prefixes, times }: DateRules = {}): Rule =>
  (given, refuse) => {
    const values = given.filter((one) => one.name === name).map(({ value }) => value);
    if (values.length === 0) return;
    const parts = values.map((value) => /^(eq|ge|gt|le|lt)?(.*)$/s.exec(value)!.slice(1) as [string | undefined, string]);
    if (timed && !parts.every(([, date]) => TIMED.test(date)))
      refuse(`${name} must contain a time component with an offset`, name);
    if (prefixes && !parts.every(([prefix = '']) => prefixes.includes(prefix)))
      refuse(`${name} must be prefixed by ${prefixes.join(' or ')}`, name);
    if (times !== undefined && values.length !== times)
      refuse(`${name} must be provided ${times === 1 ? 'once' : 'twice'}`, name);
    if (values.length > 2) refuse(`${name} may be provided at most twice`, name);
    if (values.length < 2) return;
    const low = parts.find(([prefix = '']) => LOWER.includes(prefix));
    const high = parts.find(([prefix = '']) => UPPER.includes(prefix));
    if (!low || !high || !(Date.parse(low[1].replace(' ', '+')) < Date.parse(high[1].replace(' ', '+'))))
      refuse(`${name} must define a closed range`, name);
  };

const once =
  (...names: string[]): Rule =>
  (given, refuse) => {
    const repeated = names.find((name) => given.filter((one) => one.name === name).length > 1);
    if (repeated) refuse(`${repeated} may be provided only once`, repeated);
  };

const only =
  (name: string, ...beside: string[]): Rule =>
  (given, refuse) => {
    if (has(given, name) && !beside.some((one) => has(given, one)))
      refuse(`${name} may be provided only with ${beside.join(' or ')}`, name);
  };

const has = (given: readonly Given[], name: string): boolean => given.some((one) => one.name === name);

const PATIENT_KEYS = ['identifier', 'name', 'family', 'given', 'birthdate', 'phone', 'email', 'address-postalcode', 'gender'];
const ONE_OF_THESE = ['patient', 'practitioner', 'location'];

// The parameter tables of fhir.cerner.com/millennium/r4, by resource page.
const RULES: Readonly<Record<string, readonly Rule[]>> = {
  Patient: [
    once(...PATIENT_KEYS.filter((name) => name !== 'birthdate')),
    (given, refuse) => {
      const listed = given.find(({ name, value }) => PATIENT_KEYS.includes(name) && /(^|[^\\]),/.test(value));
      if (listed) refuse(`${listed.name} must be a single value`, listed.name);
    },
    (given, refuse) => {
      if (given.some(({ name, value }) => name === 'birthdate' && value.includes('T')))
        refuse('birthdate must not contain a time component', 'birthdate');
    },
    dates('birthdate'),
    // Combined patients are shown by id alone.
    (given) => (has(given, '_id') ? [] : [{ name: '-combined', modifier: 'not', value: 'true', own: true }]),
  ],
  Appointment: [
    (given, refuse) => {
      const stated = given.filter(({ name }) => ONE_OF_THESE.includes(name));
      if (stated.length > 1) refuse('only one of patient, practitioner, or location may be provided, once', 'patient');
    },
    dates('date', { timed: true }),
    dates('-date-or-req-period', { timed: true }),
    (given) => (has(given, 'date') ? [{ name: 'status', modifier: 'not', value: 'proposed', own: true }] : []),
  ],
  Encounter: [
    dates('date', { timed: true, prefixes: [...LOWER, ...UPPER] }),
    only('date', 'patient', 'subject'),
    only('status', 'patient'),
    dates('_lastUpdated'),
  ],
  Condition: [dates('_lastUpdated')],
  AllergyIntolerance: [dates('_lastUpdated')],
  Observation: [
    dates('date'),
    dates('_lastUpdated'),
    (given, refuse) => {
      if (has(given, 'date') && has(given, '_lastUpdated'))
        refuse('date and _lastUpdated may not be provided together', '_lastUpdated');
    },
  ],
  MedicationRequest: [
    dates('-timing-boundsPeriod', { timed: true, prefixes: ['ge'], times: 1 }),
    dates('_lastUpdated', { timed: true, prefixes: ['ge', 'le'] }),
  ],
  Immunization: [dates('date', { prefixes: ['ge', 'le'] }), dates('_lastUpdated', { prefixes: ['ge', 'gt'], times: 1 })],
  DocumentReference: [dates('period', { prefixes: ['ge', 'lt'], times: 2 }), dates('date'), dates('_lastUpdated')],
  Communication: [dates('received', { timed: true, prefixes: ['ge', 'le'] })],
  ServiceRequest: [dates('_lastUpdated')],
  Practitioner: [
    only('given', 'family', '_id', 'identifier'),
    (given, refuse) => {
      if (given.some(({ name, value }) => name === 'identifier' && !/^[^|]+\|[^|]+$/.test(value)))
        refuse('identifier must be a system and a value', 'identifier');
      if (given.some(({ name, value }) => name === 'name' && value.length < 2))
        refuse('name must have at least 2 characters', 'name');
    },
  ],
  Slot: [
    once('service-type', 'schedule.actor', '-location'),
    dates('start', { timed: true, prefixes: ['ge', 'lt'], times: 2 }),
    // "The search operation will only return free slots"; others by `_id`.
    (given) => (has(given, '_id') ? [] : [{ name: 'status', value: 'free', own: true }]),
  ],
};

/** What a search must not mix, repeat or leave out, beside the combinations of the table. */
export function onSearch(type: string, given: Given[], site: SiteFacts): Given[] {
  const refuse: Refuse = (diagnostics, expression) => site.reject('invalid-parameter', { diagnostics, expression });
  return [...given, ...(RULES[type] ?? []).flatMap((rule) => rule(given, refuse) ?? [])];
}
