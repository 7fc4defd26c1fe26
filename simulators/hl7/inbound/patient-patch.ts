import type { Address, CodeableConcept, ContactPoint, HumanName, Patient } from '@medplum/fhirtypes';
import { Refusal } from '../message/ack.ts';
import { CLEARED, renderField } from '../message/build.ts';
import { type Message, occurrences, plain, rawField, value } from '../message/parse.ts';
import { parseDate } from '../message/time.ts';
import { languageOf, xad, xtn } from '../segments/pid.ts';

/** Elements of a Patient to change; null removes one. */
export type PatientPatch = { [K in keyof Patient]?: Patient[K] | null };

type Reader = (message: Message, current: Patient, n: number) => PatientPatch;

const DEATH_TIME = 29;

/** What PID says in each field that this interface files. Readers are asked only for fields with a value. */
const FIELDS: Record<number, Reader> = {
  5: readName,
  7: (message, _current, n) => ({ birthDate: readDate(message, n) }),
  8: readSex,
  11: readAddress,
  13: readTelecom,
  15: readLanguage,
  [DEATH_TIME]: readTimeOfDeath,
  30: readDeath,
};

/**
 * The difference that a message makes to a Patient: empty fields file nothing, `""` clears. Empty when the record holds
 * all of it already.
 * @throws Refusal when a value cannot be filed; then nothing of the message is.
 */
export function patientPatch(message: Message, current: Patient): PatientPatch {
  const patch: PatientPatch = {};
  for (const [n, read] of Object.entries(FIELDS)) {
    if (rawField(message, 'PID', Number(n)) !== '') Object.assign(patch, read(message, current, Number(n)));
  }
  for (const key of Object.keys(patch) as (keyof Patient)[]) {
    const [before, after] = [current[key] ?? null, patch[key] ?? null];
    if (JSON.stringify(before) === JSON.stringify(after)) delete patch[key];
  }
  return patch;
}

const cleared = (message: Message, n: number): boolean => rawField(message, 'PID', n) === CLEARED;

function refuse(code: number, n: number, why: string): never {
  throw new Refusal('AE', code, `PID^1^${n}`, why);
}

/** Components say the same as fields: empty leaves what is there, `""` clears. */
function merged(said: string, held: string | undefined): string | undefined {
  if (said === '') return held;
  return said === CLEARED ? undefined : said;
}

const words = (text: string | undefined): string[] => text?.split(/\s+/).filter(Boolean) ?? [];

function readName(message: Message, current: Patient, n: number): PatientPatch {
  if (cleared(message, n) || value(message, 'PID', n) === CLEARED) refuse(101, n, 'a person cannot be without a name');
  const names = occurrences(message, 'PID', n);
  const said = names.find((each) => each[6] === 'L') ?? names[0] ?? [];
  const [family, given, middle, suffix, prefix] = [0, 1, 2, 3, 4].map((at) => plain(message, said[at])) as [
    string,
    string,
    string,
    string,
    string,
  ];
  const held = current.name?.find(({ use }) => use === 'official') ?? current.name?.[0];
  const givens = [merged(given, held?.given?.[0]), ...words(merged(middle, held?.given?.slice(1).join(' ')))].filter(Boolean);
  const after: HumanName = {
    ...held,
    use: held ? held.use : 'official',
    family: merged(family, held?.family),
    given: givens as string[],
    suffix: words(merged(suffix, held?.suffix?.join(' '))),
    prefix: words(merged(prefix, held?.prefix?.join(' '))),
  };
  if (!after.family) refuse(101, n, 'a person needs a family name');
  for (const key of ['given', 'suffix', 'prefix'] as const) if (after[key]?.length === 0) delete after[key];
  if (JSON.stringify(after) !== JSON.stringify(held)) delete after.text; // it spelled the name as it was
  return { name: held ? current.name!.map((each) => (each === held ? after : each)) : [after] };
}

function readDate(message: Message, n: number): string | null {
  if (cleared(message, n)) return null;
  return parseDate(value(message, 'PID', n)) ?? refuse(102, n, 'this is not a date');
}

const SEX: Record<string, Patient['gender']> = { M: 'male', F: 'female', O: 'other', A: 'other', N: 'other', U: 'unknown' };

function readSex(message: Message, _current: Patient, n: number): PatientPatch {
  if (cleared(message, n)) return { gender: null };
  return { gender: SEX[value(message, 'PID', n).toUpperCase()] ?? refuse(103, n, 'this code is not in table 0001') };
}

function readAddress(message: Message, current: Patient, n: number): PatientPatch {
  const isHome = (each: Address): boolean => each.use === 'home' && !each.period?.end;
  const held = current.address?.find(isHome);
  const others = (current.address ?? []).filter((each) => each !== held);
  if (cleared(message, n)) return { address: others.length > 0 ? others : null };
  const said = occurrences(message, 'PID', n).find((each) => ['H', ''].includes(each[6] ?? ''));
  if (!said) return {};
  const [line1, line2, city, state, postalCode, country] = [0, 1, 2, 3, 4, 5].map((at) => {
    const text = plain(message, said[at]);
    return text === CLEARED || text === '' ? undefined : text;
  });
  const same = [line1, line2, city, state, postalCode, country ?? held?.country];
  if (held && renderField(xad(held)) === renderField([...same, 'H'])) return {};
  const line = [line1, line2].filter((each) => each !== undefined);
  const address: Address = { use: 'home', line: line.length > 0 ? line : undefined, city, state, postalCode, country: same[5] };
  return { address: held ? current.address!.map((each) => (each === held ? address : each)) : [...others, address] };
}

/** What an XTN is: the kind it replaces, and its value. Undefined for kinds that are not filed. */
function readPoint(message: Message, said: string[]): ContactPoint | undefined {
  const part = (n: number): string => plain(message, said[n - 1]);
  const [use, equipment] = [part(2), part(3)];
  const mail = part(4) || (equipment === 'Internet' || use === 'NET' ? part(1) : '');
  if (mail) return { system: 'email', value: mail };
  const parts = part(6) && part(7) ? `(${part(6)}) ${part(7).slice(0, 3)}-${part(7).slice(3)}` : '';
  const number = part(12) || part(1) || parts;
  if (!number || ['WPN', 'EMR', 'BPN'].includes(use)) return undefined;
  return { system: 'phone', use: ['CP', 'CEL'].includes(equipment) || use === 'PRS' ? 'mobile' : 'home', value: number };
}

function readTelecom(message: Message, current: Patient, n: number): PatientPatch {
  const held = current.telecom ?? [];
  const filed = (point: ContactPoint): boolean =>
    !point.period?.end &&
    (point.system === 'email' || (point.system === 'phone' && (point.use === 'mobile' || point.use === 'home')));
  const kind = ({ system, use }: ContactPoint): string => (system === 'email' ? 'email' : `${system} ${use}`);
  if (cleared(message, n)) {
    const rest = held.filter((point) => !filed(point));
    return { telecom: rest.length > 0 ? rest : null };
  }
  const said = occurrences(message, 'PID', n).flatMap((each) => readPoint(message, each) ?? []);
  let telecom = held;
  for (const each of new Set(said.map(kind))) {
    const [now, then] = [said, held].map((points) => points.filter((point) => filed(point) && kind(point) === each));
    // The same numbers, however written, change nothing.
    const spoken = (points: ContactPoint[]): string =>
      xtn({ resourceType: 'Patient', telecom: points })
        .map((point) => renderField(point))
        .join();
    if (spoken(now!) === spoken(then!)) continue;
    telecom = [...telecom.filter((point) => !then!.includes(point)), ...now!];
  }
  return { telecom };
}

function readLanguage(message: Message, current: Patient, n: number): PatientPatch {
  const held = current.communication?.find(({ preferred }) => preferred);
  const others = (current.communication ?? []).filter((each) => each !== held);
  if (cleared(message, n)) return { communication: others.length > 0 ? others : null };
  const code = value(message, 'PID', n);
  if (!code || code === languageOf(current)) return {};
  const text = value(message, 'PID', n, 2);
  const system = held?.language?.coding?.[0]?.system ?? 'urn:ietf:bcp:47';
  const language: CodeableConcept = { coding: [{ system, code }], ...(text ? { text } : {}) };
  // A language that was known already is now the preferred one.
  return {
    communication: [{ language, preferred: true }, ...others.filter((each) => each.language?.coding?.[0]?.code !== code)],
  };
}

function readTimeOfDeath(message: Message, { deceasedDateTime: held }: Patient, n: number): PatientPatch {
  const date = readDate(message, n);
  // The day is filed; where the record knows the hour of that day, it keeps it.
  return { deceasedDateTime: date && held?.startsWith(date) ? held : date, deceasedBoolean: null };
}

function readDeath(message: Message, current: Patient, n: number): PatientPatch {
  if (cleared(message, n)) return { deceasedBoolean: null, deceasedDateTime: null };
  const said = value(message, 'PID', n).toUpperCase();
  const dead = current.deceasedDateTime || current.deceasedBoolean;
  if (said === 'N') return dead ? { deceasedBoolean: false, deceasedDateTime: null } : {};
  if (said !== 'Y') refuse(103, n, 'this code is not in table 0136');
  const timed = rawField(message, 'PID', DEATH_TIME) !== '' || current.deceasedDateTime;
  return timed ? {} : { deceasedBoolean: true };
}
