/** What the clock on the wall of a zone shows at an instant. */
export interface WallTime {
  year: string;
  month: string;
  day: string;
  hour: string;
  minute: string;
  second: string;
}

const FORMATS = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = FORMATS.get(zone);
  if (known) return known;
  const two = '2-digit' as const;
  const fields = { year: 'numeric', month: two, day: two, hour: two, minute: two, second: two } as const;
  const made = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', ...fields });
  FORMATS.set(zone, made);
  return made;
}

/** @param ms epoch milliseconds. @param zone IANA name. */
export function wallTime(ms: number, zone: string): WallTime {
  return Object.fromEntries(
    formatOf(zone)
      .formatToParts(ms)
      .map(({ type, value }) => [type, value]),
  ) as unknown as WallTime;
}

// Days of birth and appointments fall on the same instants again and again, and to ask costs as much as to file them.
const OFFSETS = new Map<string, Map<number, number>>();
const MOST_OFFSETS = 20_000;

/** Milliseconds by which a zone is ahead of UTC at an instant. */
export function zoneOffset(ms: number, zone: string, wall?: WallTime): number {
  if (wall) return aheadBy(ms, wall);
  const known = OFFSETS.get(zone) ?? new Map<number, number>();
  const kept = known.get(ms);
  if (kept !== undefined) return kept;
  const offset = aheadBy(ms, wallTime(ms, zone));
  if (known.size >= MOST_OFFSETS) known.clear();
  OFFSETS.set(zone, known.set(ms, offset));
  return offset;
}

function aheadBy(ms: number, { year, month, day, hour, minute, second }: WallTime): number {
  const shown = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  return shown - Math.floor(ms / 1000) * 1000;
}

/** The instant at which a zone's wall shows `local`, a time given as if it were UTC; both in epoch milliseconds. */
export function fromWallTime(local: number, zone: string): number {
  if (zone === 'UTC') return local;
  return local - zoneOffset(local - zoneOffset(local, zone), zone);
}
