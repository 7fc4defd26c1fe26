import { wallTime, zoneOffset } from '#kernel';

/** How a sender writes times (HL7 data type TS/DTM). */
export interface TimeStyle {
  /** Digits after the day: `minute` leaves the seconds out. */
  precision?: 'minute';
  /** Decimals of the second. */
  fraction: 0 | 3;
  /** Whether the offset from UTC is written. */
  offset: boolean;
}

const two = (value: number): string => String(value).padStart(2, '0');

const minutes = new Map<string, { digits: string; offset: string }>();
const MOST_MINUTES = 1000;

// Messages of one burst share their minute, and asking Intl for it is what costs.
function minuteOf(minute: number, timeZone: string): { digits: string; offset: string } {
  const key = `${timeZone} ${minute}`;
  const known = minutes.get(key);
  if (known) return known;
  const wall = wallTime(minute * 60_000, timeZone);
  const ahead = Math.round(zoneOffset(minute * 60_000, timeZone, wall) / 60_000);
  const offset = `${ahead < 0 ? '-' : '+'}${two(Math.trunc(Math.abs(ahead) / 60))}${two(Math.abs(ahead) % 60)}`;
  const made = { digits: `${wall.year.padStart(4, '0')}${wall.month}${wall.day}${wall.hour}${wall.minute}`, offset };
  if (minutes.size >= MOST_MINUTES) minutes.clear();
  minutes.set(key, made);
  return made;
}

/**
 * An instant as a clinic's wall clock shows it: `20260302091500.123-0500`. The offset is that of the zone at that
 * instant, so an appointment after a clock change carries the offset of its own day.
 * @param instant milliseconds since the epoch, or ISO 8601 with an offset.
 */
export function formatTime(instant: number | string, timeZone: string, style: TimeStyle): string {
  const ms = typeof instant === 'number' ? instant : Date.parse(instant);
  if (Number.isNaN(ms)) return '';
  const minute = Math.floor(ms / 60_000);
  const { digits, offset } = minuteOf(minute, timeZone);
  const rest = ms - minute * 60_000;
  const second = two(Math.floor(rest / 1000));
  const millis = style.fraction ? `.${String(rest % 1000).padStart(3, '0')}` : '';
  const seconds = style.precision === 'minute' ? '' : `${second}${millis}`;
  return `${digits}${seconds}${style.offset ? offset : ''}`;
}

/**
 * The instant that a TS field names, as FHIR writes it in UTC; undefined when it is none, or not to the minute. Without an
 * offset it is the time on the clinic's wall; of an hour that comes twice the first is taken.
 */
export function parseTime(text: string, timeZone: string): string | undefined {
  const found = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})?(?:\.\d+)?([+-]\d{4})?$/.exec(text);
  if (!found || !parseDate(text.slice(0, 8))) return undefined;
  const [y, mo, d, h, mi, s] = found.slice(1, 7).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (h > 23 || mi > 59 || s > 59) return undefined;
  const wall = Date.UTC(y, mo - 1, d, h, mi, s);
  const said = found[7];
  const at = said ? wall - minutesOf(said) * 60_000 : fromWall(wall, timeZone);
  return new Date(at).toISOString().replace('.000Z', 'Z');
}

// By the offsets of half a day before and after: one of them holds, but for the hour that a clock skips.
function fromWall(wall: number, timeZone: string): number {
  const [before, after] = [-43_200_000, 43_200_000].map((ms) => wall - offsetAt(wall + ms, timeZone)) as [number, number];
  const holds = (at: number): boolean => at + offsetAt(at, timeZone) === wall;
  return holds(before) || !holds(after) ? before : after;
}

const minutesOf = (offset: string): number =>
  Number(`${offset[0]}1`) * (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(3)));

/** Milliseconds by which a zone is ahead of UTC at an instant. */
function offsetAt(ms: number, timeZone: string): number {
  return minutesOf(formatTime(ms, timeZone, { fraction: 0, offset: true }).slice(14)) * 60_000;
}

/** A FHIR date as HL7 writes it, to the same precision: `1980-02-29` is `19800229`, `1980` stays. Never a time zone's business. */
export const formatDate = (date: string): string => date.slice(0, 10).replaceAll('-', '');

/**
 * The date in a TS field as FHIR writes it, to the same precision; a time after the day is dropped.
 * Undefined when it is not a date: letters, a 13th month, 30 February.
 */
export function parseDate(text: string): string | undefined {
  const found = /^(\d{4})(?:(\d{2})(?:(\d{2})(?:\d{2,6}(?:\.\d+)?(?:[+-]\d{4})?)?)?)?$/.exec(text);
  if (!found) return undefined;
  const date = found.slice(1, 4).filter(Boolean).join('-');
  const real = new Date(`${date}${date.length === 4 ? '-01-01' : date.length === 7 ? '-01' : ''}T00:00:00Z`);
  return !Number.isNaN(real.getTime()) && real.toISOString().startsWith(date) && found[1] !== '0000' ? date : undefined;
}
