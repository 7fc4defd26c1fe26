const FORMATS = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = FORMATS.get(zone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  FORMATS.set(zone, made);
  return made;
}

/** What the clock on the wall of a zone shows at an instant. */
export interface WallTime {
  year: string;
  month: string;
  day: string;
  hour: string;
  minute: string;
  second: string;
}

/** @param ms epoch milliseconds. @param zone IANA name. */
export function wallTime(ms: number, zone: string): WallTime {
  return Object.fromEntries(
    formatOf(zone)
      .formatToParts(ms)
      .map(({ type, value }) => [type, value]),
  ) as unknown as WallTime;
}

// Minutes by which the zone is ahead of UTC at that instant.
function offsetMinutes(ms: number, { year, month, day, hour, minute, second }: WallTime): number {
  const wall = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  return Math.round((wall - Math.floor(ms / 1000) * 1000) / 60_000);
}

const two = (value: number): string => String(value).padStart(2, '0');

/** An instant as ISO 8601 with milliseconds and the zone's offset: `2023-05-16T18:34:27.000-04:00`. */
export function localInstant(ms: number, zone: string): string {
  const wall = wallTime(ms, zone);
  const offset = offsetMinutes(ms, wall);
  const size = Math.abs(offset);
  const fraction = String(((ms % 1000) + 1000) % 1000).padStart(3, '0');
  const { year, month, day, hour, minute, second } = wall;
  return `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction}${offset < 0 ? '-' : '+'}${two(Math.trunc(size / 60))}:${two(size % 60)}`;
}

/** The instant at which a zone's wall shows that day (`YYYY-MM-DD`) and time (`HH:MM`), in epoch milliseconds. */
export function instantOf(day: string, time: string, zone: string): number {
  const asUtc = Date.parse(`${day}T${time}:00Z`);
  const first = asUtc - offsetMinutes(asUtc, wallTime(asUtc, zone)) * 60_000;
  return asUtc - offsetMinutes(first, wallTime(first, zone)) * 60_000;
}
