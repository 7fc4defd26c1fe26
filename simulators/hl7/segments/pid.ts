import type { Address, ContactPoint, Identifier, Patient } from '@medplum/fhirtypes';
import { CLEARED, type Field, type Occurrence, renderField, repeat, type Segment, segment } from '../message/build.ts';
import { formatDate, formatTime } from '../message/time.ts';
import { assigner, type SiteFacts, systemOf } from '../site.ts';
import { type PhoneStyle, phoneComponents } from './phone.ts';

const current = ({ period }: { period?: { end?: string } }): boolean => !period?.end;

/** The MRN that the site gave to this person; one that is in use before one that is not. */
export function mrnOf(patient: Patient, authority: string): string | undefined {
  const own = (patient.identifier ?? []).filter(({ system, value }) => system === systemOf(authority) && value);
  const inUse = ({ use, period }: Identifier): boolean => use !== 'old' && current({ period });
  return (own.find(inUse) ?? own[0])?.value;
}

/** An MRN as CX: `mrn^^^SITE&1.2.3&ISO^MR`, or as the dialect names who assigned it. */
export function cx(facts: SiteFacts, mrn: string): Occurrence {
  const { authority, mrnType } = facts.dialect;
  const [namespace] = assigner(facts);
  if (authority === 'bare') return [mrn, '', '', '', mrnType];
  return authority === 'hd'
    ? [mrn, '', '', assigner(facts), mrnType]
    : [mrn, '', '', namespace, mrnType, `${namespace} MRN Pool`];
}

/** The legal name, or the first one where none is marked as such. */
export function xpn(patient: Patient): Occurrence {
  const name = patient.name?.find(({ use }) => use === 'official') ?? patient.name?.[0];
  if (!name) return undefined;
  const [given, ...middle] = name.given ?? [];
  return [name.family, given, middle.join(' '), name.suffix?.join(' '), name.prefix?.join(' '), '', 'L'];
}

const home = (patient: Patient): Address | undefined =>
  patient.address?.find((address) => address.use === 'home' && current(address));

export function xad(address: Address | undefined, type = 'H'): Occurrence {
  if (!address) return undefined;
  const { line, city, state, postalCode, country } = address;
  return [line?.join(', '), undefined, city, state, postalCode, country, type];
}

// Order of repetitions in PID-13: mobile, home, e-mail. A receiver must take them by type, not by place.
type Reached = [(point: ContactPoint) => boolean, (value: string, style: PhoneStyle, first: boolean) => Occurrence];
const REACHED_BY: Reached[] = [
  [({ system, use }) => system === 'phone' && use === 'mobile', (value, ...as) => phoneComponents(value, 'PRN', 'CP', ...as)],
  [({ system, use }) => system === 'phone' && use === 'home', (value, ...as) => phoneComponents(value, 'PRN', 'PH', ...as)],
  [({ system }) => system === 'email', (value) => [undefined, 'NET', 'Internet', value]],
];

export const xtn = (patient: Patient, style: PhoneStyle = 'full', first = true): Occurrence[] =>
  REACHED_BY.flatMap(([chosen, render]) =>
    (patient.telecom ?? [])
      .filter((point) => point.value && current(point) && chosen(point))
      .map(({ value }) => render(value!, style, first)),
  );

/** The preferred language's code. */
export const languageOf = (patient: Patient): string | undefined =>
  patient.communication?.find(({ preferred }) => preferred)?.language?.coding?.[0]?.code;

const SEX: Record<string, string> = { male: 'M', female: 'F', other: 'O', unknown: 'U' };

// What can be cleared: by its number in PID, what the record holds for it.
const ELEMENTS: readonly [n: number, render: (patient: Patient, facts: SiteFacts) => Field][] = [
  [5, xpn],
  [7, ({ birthDate }) => birthDate && formatDate(birthDate)],
  [8, ({ gender }) => gender && SEX[gender]],
  [11, (patient, { dialect }) => xad(home(patient), dialect.homeAddress)],
  [13, reached],
  [15, languageOf],
  [29, ({ deceasedDateTime }, facts) => deceasedDateTime && timeOfDeath(deceasedDateTime, facts)],
  [
    30,
    ({ deceasedBoolean, deceasedDateTime }) => (deceasedDateTime || deceasedBoolean ? 'Y' : deceasedBoolean === false ? 'N' : ''),
  ],
  [40, (patient, facts) => (facts.version.telecom ? reached(patient, facts) : undefined)],
];

function reached(patient: Patient, { dialect, version }: SiteFacts): Field {
  return repeat(xtn(patient, dialect.phone, version.phoneText));
}

const timeOfDeath = (when: string, { timeZone, dialect }: SiteFacts): string =>
  when.includes('T') ? formatTime(when, timeZone, dialect.slot) : formatDate(when);

/** Text of the fields that can be cleared, by number; empty where the record holds nothing. */
type Elements = readonly (readonly [n: number, text: string])[];
const rendered = new WeakMap<Patient, { facts: SiteFacts; delimiters: SiteFacts['delimiters']; elements: Elements }>();

// Once for each image of a record: what it holds and what PID says are asked one after the other.
function elementsOf(patient: Patient, facts: SiteFacts): Elements {
  const known = rendered.get(patient);
  const { delimiters } = facts;
  if (known?.facts === facts && known.delimiters === delimiters) return known.elements;
  const elements = ELEMENTS.map(([n, render]) => [n, renderField(render(patient, facts), delimiters)] as const);
  rendered.set(patient, { facts, delimiters, elements });
  return elements;
}

/** Numbers of the PID fields for which this version of a record holds a value. */
export const heldFields = (patient: Patient, facts: SiteFacts): number[] =>
  elementsOf(patient, facts).flatMap(([n, text]) => (text === '' ? [] : n));

/** @param cleared fields to send as `""` where the record holds nothing (it once did); others stay empty. */
export function pid(facts: SiteFacts, patient: Patient, cleared: readonly number[] = []): Segment {
  const mrn = mrnOf(patient, facts.authority);
  const fields: Record<number, Field> = { 1: '1', 2: facts.dialect.oldId ? mrn : undefined, 3: mrn && cx(facts, mrn) };
  for (const [n, text] of elementsOf(patient, facts)) fields[n] = text === '' && cleared.includes(n) ? CLEARED : { raw: text };
  return segment('PID', fields);
}
