import { fromWallTime } from '#kernel';

/** Milliseconds since the epoch: `low` included, `high` excluded. */
export interface DateRange {
  low: number;
  high: number;
}

/** Ends of time: what an open period reaches to. Still exact as a double. */
export const PAST = -8_640_000_000_000_000;
export const FUTURE = 8_640_000_000_000_000;

const FORM = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/;

/**
 * The stretch of time that a FHIR date, dateTime or instant stands for: a day is 24 hours, a minute 60 seconds.
 * @param zone IANA time zone for values that state none ("local server time", as Epic's documentation puts it).
 * @returns undefined when it is no FHIR date, or no day of the calendar.
 */
export function dateRange(text: string, zone: string): DateRange | undefined {
  const parts = FORM.exec(text);
  if (!parts) return undefined;
  const [year, month, day, hour, minute, second] = parts
    .slice(1, 7)
    .map((part) => (part === undefined ? undefined : Number(part)));
  const start = [year!, month ?? 1, day ?? 1, hour ?? 0, minute ?? 0, second ?? 0] as const;
  if (!onCalendar(start)) return undefined;
  const offset = parts[8];
  const at = (fields: readonly number[]): number => {
    const [y, mo, d, h, mi, s] = fields as [number, number, number, number, number, number];
    const utc = Date.UTC(y, mo - 1, d, h, mi, s);
    if (offset === undefined) return fromWallTime(utc, zone);
    if (offset === 'Z') return utc;
    const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4));
    return utc - (offset[0] === '-' ? -minutes : minutes) * 60_000;
  };
  if (parts[7] !== undefined) {
    const low = at(start) + Number(parts[7].slice(0, 3).padEnd(3, '0'));
    return { low, high: low + (parts[7].length >= 3 ? 1 : 10 ** (3 - parts[7].length)) };
  }
  if (second !== undefined) return { low: at(start), high: at(start) + 1000 };
  if (minute !== undefined) return { low: at(start), high: at(start) + 60_000 };
  // Days, months and years end where the next begins, so that a day with a clock change keeps its 23 or 25 hours.
  const [y, mo, d] = start;
  const next = day !== undefined ? [y, mo, d + 1] : month !== undefined ? [y, mo + 1, 1] : [y + 1, 1, 1];
  return { low: at(start), high: at([...next, 0, 0, 0]) };
}

/** Is it a date, dateTime or instant of FHIR, and a day of the calendar? */
export function isCalendarDate(value: unknown): boolean {
  const parts = typeof value === 'string' ? FORM.exec(value) : null;
  if (!parts) return false;
  const [year, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts
    .slice(1, 7)
    .map((part) => (part === undefined ? undefined : Number(part)));
  return onCalendar([year!, month, day, hour, minute, second]);
}

/** The stretch of a Period; an absent end is open. */
export function periodRange(period: { start?: string; end?: string }, zone: string): DateRange | undefined {
  const start = period.start === undefined ? undefined : dateRange(period.start, zone);
  const end = period.end === undefined ? undefined : dateRange(period.end, zone);
  if (!start && !end) return undefined;
  return { low: start?.low ?? PAST, high: end?.high ?? FUTURE };
}

function onCalendar([year, month, day, hour, minute, second]: readonly [
  number,
  number,
  number,
  number,
  number,
  number,
]): boolean {
  if (year < 1 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return false;
  return day <= new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
}
