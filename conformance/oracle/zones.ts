const DAY = 86_400_000;

/** Calendar date and wall-clock time of an instant in a zone. */
export function wallTime(instant: number, zone: string): { date: string; hour: number; minute: number } {
  const parts = Object.fromEntries(
    format(zone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, value]),
  );
  return { date: `${parts.year}-${parts.month}-${parts.day}`, hour: Number(parts.hour), minute: Number(parts.minute) };
}

/**
 * The instant (epoch ms) at which clocks in `zone` show that date and time: the first one where they show it twice; where
 * they skip it, the instant that had shown it if the clocks had not been changed (so that they show it later by as much).
 */
export function instantAt(date: string, hour: number, minute: number, zone: string): number {
  const wanted = Date.parse(`${date}T00:00:00Z`) + (hour * 60 + minute) * 60_000;
  // Two days away, no offset of any zone can hide a change of its clocks.
  const [before, after] = [wanted - 2 * DAY, wanted + 2 * DAY].map((near) => shown(near, zone) - near) as [number, number];
  const guesses = [wanted - Math.max(before, after), wanted - Math.min(before, after)];
  return guesses.find((guess) => shown(guess, zone) === wanted) ?? wanted - before;
}

// What clocks in a zone show at an instant, as if it were UTC.
function shown(instant: number, zone: string): number {
  const { date, hour, minute } = wallTime(instant, zone);
  return Date.parse(`${date}T00:00:00Z`) + (hour * 60 + minute) * 60_000;
}

/** `YYYY-MM-DD` so many days after another date. */
export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY).toISOString().slice(0, 10);
}

/** The same day so many months later, or the last of a shorter month. */
export function addMonths(date: string, months: number): string {
  const [year = 0, month = 1, day = 1] = date.split('-').map(Number);
  const last = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - 1 + months, Math.min(day, last))).toISOString().slice(0, 10);
}

/** The next two days after `from`, of a year, on which the zone's clocks change; empty where they never do. */
export function clockChanges(from: string, zone: string): string[] {
  const found: string[] = [];
  for (let n = 1; n < 366 && found.length < 2; n++) {
    const day = addDays(from, n);
    // From noon to noon, as some zones change at midnight.
    if (instantAt(day, 12, 0, zone) - instantAt(addDays(day, -1), 12, 0, zone) !== DAY) found.push(day);
  }
  return found;
}

const formats = new Map<string, Intl.DateTimeFormat>();
function format(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  });
  formats.set(zone, made);
  return made;
}
