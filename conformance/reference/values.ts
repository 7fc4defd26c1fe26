import type { Fields, Value } from './model.ts';
import type { Steps } from './steps.ts';

/**
 * The fields about which something was said: what is undefined is left out. Text is trimmed as the CRM trims it, and cut to what
 * it holds; left as it is, it would look like somebody's edit when it is read back.
 */
export function stated(fields: Record<string, Value | undefined>, steps: Steps): Fields {
  const said = Object.entries(fields).filter((entry): entry is [string, Value] => entry[1] !== undefined);
  return Object.fromEntries(
    said.map(([name, value]) => [name, typeof value === 'string' ? steps.fit(name, value.trim()) || null : value]),
  );
}

/** Characters that a text field of the CRM holds. A cut number or mail address would be a wrong one: those are not here. */
const SIZES: Record<string, number> = {
  FirstName: 40,
  LastName: 80,
  MailingStreet: 255,
  MailingCity: 40,
  MailingState: 80,
  MailingPostalCode: 20,
  Type__c: 80,
  Provider__c: 120,
  Location__c: 120,
  Note__c: 255,
  Quiet_Hours__c: 40,
  Emergency_Contact__c: 80,
  Source__c: 255,
};

/** A text as it fits into its field: one that was cut ends in `…`, so that nobody takes it for the whole. */
export function fit(name: string, text: string): string {
  const size = SIZES[name];
  return size === undefined || text.length <= size ? text : `${text.slice(0, size - 1).trim()}…`;
}

/**
 * A phone number with country code and `+`, an extension kept as ` x9`; without a country it is North American. Undefined
 * when it cannot be dialled, so that a placeholder such as `UNK` or 999-999-9999 never replaces a number that works.
 */
export function normalisePhone(text: string): string | undefined {
  const [, main = '', extension] = /^(?:tel:)?(.*?)\s*(?:(?:x|;?\s*ext\.?)\s*=?\s*(\d+))?$/i.exec(text.trim()) ?? [];
  if (!/^\+?[\d\s().\-/]+$/.test(main)) return undefined;
  const digits = main.replace(/\D/g, '');
  const isAbroad = main.startsWith('+') && !digits.startsWith('1');
  const number = isAbroad || digits.length === 11 ? digits : `1${digits}`;
  const form = isAbroad ? /^[2-9]\d{7,14}$/ : /^1[2-9][0-8]\d{8}$/;
  if (!form.test(number) || /^1?(\d)\1+$/.test(number)) return undefined;
  return extension ? `+${number} x${extension}` : `+${number}`;
}

/**
 * A birth date `YYYY-MM-DD` out of `YYYYMMDD…` or `YYYY-MM-DD…`. It is a date of the calendar, not an instant: it must
 * never pass through a time zone. Undefined when it is partial or impossible: no day is ever invented.
 */
export function birthDate(text: string): string | undefined {
  const [, year, month, day] = /^(\d{4})-?(\d{2})-?(\d{2})/.exec(text) ?? [];
  if (!year || !month || !day) return undefined;
  const iso = `${year}-${month}-${day}`;
  const asUtc = new Date(`${iso}T00:00:00Z`);
  return !Number.isNaN(asUtc.getTime()) && asUtc.toISOString().startsWith(iso) ? iso : undefined;
}

const zones = new Map<string, Intl.DateTimeFormat>();

function wallClock(at: number, timeZone: string): number[] {
  let format = zones.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
    zones.set(timeZone, format);
  }
  return format.format(at).match(/\d+/g)?.map(Number) ?? [];
}

const pad = (n: number | undefined): string => String(n).padStart(2, '0');

/** The day in the clinic on which an instant falls, `YYYY-MM-DD`: 23:30 in Chicago is already tomorrow in UTC. */
export function localDate(instant: string, timeZone: string): string {
  const [year, month, day] = wallClock(Date.parse(instant), timeZone);
  return `${year}-${pad(month)}-${pad(day)}`;
}

/** The instant at which the clinic's clock shows this. In the hour that autumn repeats, the first of the two. */
export function clinicTime(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  ms: number,
  timeZone: string,
): number {
  const asUtc = Date.UTC(year, month - 1, day, hour, minute);
  const offsetAt = (at: number) => {
    const [y = 0, mo = 1, d = 1, h = 0, mi = 0] = wallClock(at, timeZone);
    return Date.UTC(y, mo - 1, d, h, mi) - Math.floor(at / 60_000) * 60_000;
  };
  const guess = asUtc - offsetAt(asUtc - 86_400_000);
  return (offsetAt(guess) === asUtc - guess ? guess : asUtc - offsetAt(asUtc + 86_400_000)) + ms;
}

const SEX: Record<string, string> = {
  male: 'Male',
  female: 'Female',
  other: 'Other',
  unknown: 'Unknown',
  M: 'Male',
  F: 'Female',
  O: 'Other',
  U: 'Unknown',
};

/** The CRM's word for a FHIR or v2 sex; what is missing or not in the table is `Unknown`, never a guess. */
export function sex(code: string | null | undefined): string {
  return (code && SEX[code]) || 'Unknown';
}

const APPOINTMENT_STATUS: Record<string, string> = {
  pending: 'Pending',
  booked: 'Booked',
  arrived: 'Arrived',
  started: 'Arrived',
  fulfilled: 'Completed',
  complete: 'Completed',
  cancelled: 'Cancelled',
  noshow: 'No-Show',
  'entered-in-error': 'Cancelled',
  deleted: 'Cancelled',
};

/** The CRM's word for a FHIR or v2 (table 0278) appointment status; undefined for one that the CRM has no word for. */
export function appointmentStatus(code: string): string | undefined {
  return APPOINTMENT_STATUS[code.toLowerCase()];
}

/** The external id of a contact. The authority is part of it: two hospitals hand out the same MRNs. */
export function contactKey(person: { authority: string; mrn: string }): string {
  return `${person.authority}|${person.mrn}`;
}

/** The external id of an appointment. It does not hold the time, so that a rescheduled one stays the same row. */
export function appointmentKey(authority: string, number: string, _start: string | undefined): string {
  return `${authority}|${number}`;
}
