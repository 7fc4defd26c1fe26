import { fromWallTime, wallTime, zoneOffset } from '#kernel';

const two = (value: number): string => String(value).padStart(2, '0');

/** An instant as ISO 8601 with milliseconds and the zone's offset: `2023-05-16T18:34:27.000-04:00`. */
export function localInstant(ms: number, zone: string): string {
  const wall = wallTime(ms, zone);
  const offset = Math.round(zoneOffset(ms, zone, wall) / 60_000);
  const size = Math.abs(offset);
  const fraction = String(((ms % 1000) + 1000) % 1000).padStart(3, '0');
  const { year, month, day, hour, minute, second } = wall;
  return `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction}${offset < 0 ? '-' : '+'}${two(Math.trunc(size / 60))}:${two(size % 60)}`;
}

/** The instant at which a zone's wall shows that day (`YYYY-MM-DD`) and time (`HH:MM`), in epoch milliseconds. */
export const instantOf = (day: string, time: string, zone: string): number =>
  fromWallTime(Date.parse(`${day}T${time}:00Z`), zone);
