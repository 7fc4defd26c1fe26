import { join } from 'node:path';
import type { Problem } from '../manifest/problem.ts';
import type { DataMap, MapRow } from './map.ts';

/** What every map must carry to be worth a verdict, and at the same time what is needed at all: the rest is looked at twice. */
interface Minimum {
  what: string;
  /** Resource type that it comes from. */
  of: string;
  fills(row: MapRow): boolean;
  example: string;
}

const from = (pattern: RegExp) => (row: MapRow) => pattern.test(row.source);

const MINIMUM: readonly Minimum[] = [
  {
    what: 'identity',
    of: 'Patient',
    fills: from(/Patient\.identifier\b/),
    example: 'Patient.identifier.where(system = %authority).value.first()',
  },
  {
    what: 'assigning authority',
    of: 'Patient',
    fills: (row) => /%site\.authority|%authority$/.test(row.source) || row.transform === 'key',
    example: '%site.authority',
  },
  {
    what: 'given name',
    of: 'Patient',
    fills: from(/Patient\.name\b.*\bgiven\b/),
    example: "Patient.name.where(use = 'official').given.first()",
  },
  {
    what: 'family name',
    of: 'Patient',
    fills: from(/Patient\.name\b.*\bfamily\b/),
    example: "Patient.name.where(use = 'official').family.first()",
  },
  { what: 'date of birth', of: 'Patient', fills: from(/Patient\.birthDate\b/), example: 'Patient.birthDate' },
  { what: 'sex', of: 'Patient', fills: from(/Patient\.gender\b/), example: 'Patient.gender' },
  {
    what: 'phone',
    of: 'Patient',
    fills: from(/Patient\.telecom\b.*'phone'/),
    example: "Patient.telecom.where(system = 'phone').value.first()",
  },
  {
    what: 'email',
    of: 'Patient',
    fills: from(/Patient\.telecom\b.*'email'/),
    example: "Patient.telecom.where(system = 'email').value.first()",
  },
  {
    what: 'address',
    of: 'Patient',
    fills: from(/Patient\.address\b/),
    example: "Patient.address.where(use = 'home').city.first()",
  },
  {
    what: 'language',
    of: 'Patient',
    fills: from(/Patient\.communication\b/),
    example: 'Patient.communication.where(preferred = true).language.coding.code.first()',
  },
  { what: 'deceased flag', of: 'Patient', fills: from(/Patient\.deceased\b/), example: 'Patient.deceased.exists()' },
  {
    what: 'last visit',
    of: 'Patient',
    fills: from(/%chart\.Encounter\b.*period/),
    example: "%chart.Encounter.where(status = 'finished').last().period.start",
  },
  {
    what: 'appointment id',
    of: 'Appointment',
    fills: from(/Appointment\.(identifier|id)\b/),
    example: 'Appointment.identifier.value.first()',
  },
  { what: 'start', of: 'Appointment', fills: from(/Appointment\.start\b/), example: 'Appointment.start' },
  { what: 'end', of: 'Appointment', fills: from(/Appointment\.(end|minutesDuration)\b/), example: 'Appointment.end' },
  { what: 'status', of: 'Appointment', fills: from(/Appointment\.status\b/), example: 'Appointment.status' },
  {
    what: 'appointment type',
    of: 'Appointment',
    fills: from(/Appointment\.(appointmentType|serviceType)\b/),
    example: 'Appointment.appointmentType.text',
  },
  {
    what: 'provider',
    of: 'Appointment',
    fills: from(/Appointment\.participant\b.*Practitioner/),
    example: "Appointment.participant.actor.where(reference.startsWith('Practitioner/')).display.first()",
  },
  {
    what: 'location',
    of: 'Appointment',
    fills: from(/Appointment\.participant\b.*Location/),
    example: "Appointment.participant.actor.where(reference.startsWith('Location/')).display.first()",
  },
  {
    what: 'what a consent is for',
    of: 'Consent',
    fills: from(/Consent\.provision\.purpose\b/),
    example: 'Consent.provision.purpose.code.first()',
  },
  { what: 'what a patient decided', of: 'Consent', fills: from(/Consent\.provision\.type\b/), example: 'Consent.provision.type' },
];

/** What of the minimum there is, by name: an edition freezes it. */
export const MINIMUM_MAP: readonly string[] = MINIMUM.map(({ what }) => what);

/** What of the minimum a map does not carry. */
export const missingOfMinimum = (map: DataMap, asked: readonly string[] = MINIMUM_MAP): string[] =>
  MINIMUM.filter(({ what }) => asked.includes(what))
    .filter(({ of, fills }) => !map.rows.some((row) => sourceOf(map, row) === of && fills(row)))
    .map(({ what }) => what);

const sourceOf = (map: DataMap, { object }: MapRow): string | undefined =>
  map.objects.find((one) => one.object === object)?.source;

// Needed to keep rows right, or to reach people as they wish: they carry nothing about the patient's health.
const HARMLESS =
  /Patient\.(active|id|link|meta)\b|^Consent\.|patient-interpreterRequired|Patient\.contact\b|\/(quiet-hours|preferred-channel)'|Appointment\.(participant\.actor\.reference|id|meta)\b|^%site\b|^\w+\.(id|subject\.reference|patient\.reference)$/;

/** Warnings: what of the minimum is missing, and which rows copy more than it. */
export function minimumProblems(map: DataMap): Problem[] {
  const file = map.folder ? join(map.folder, 'fields.csv') : 'fields.csv';
  const problems: Problem[] = [];
  const missing = missingOfMinimum(map);
  for (const { what, example } of MINIMUM.filter((one) => missing.includes(one.what))) {
    const fix = `add a row whose source is ${example}`;
    problems.push({ severity: 'warning', file, message: `the minimum map asks for ${what}, and no row carries it`, fix });
  }
  for (const row of map.rows) {
    const known =
      row.owner === 'sync' || row.sensitivity !== 'copy' || HARMLESS.test(row.source) || MINIMUM.some(({ fills }) => fills(row));
    if (known || !/^\W*[A-Z]|%chart\./.test(row.source)) continue;
    problems.push({
      severity: 'warning',
      file,
      line: row.line,
      column: row.columns.source,
      message: `${row.object}.${row.field} copies more about the patient than the minimum map`,
      fix: 'drop the row if nobody needs it, or set its sensitivity to summary or exclude',
    });
  }
  return problems;
}
