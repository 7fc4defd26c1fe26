const DAY = 86_400_000;

/** A stretch of time in milliseconds since the epoch: from, included, to `to`, excluded. */
export interface Range {
  from: number;
  to: number;
}

type Unit = 'day' | 'week' | 'month' | 'quarter' | 'year';

// Start of the unit that is `shift` units away from the one that `now` is in. Weeks start on Sunday (locale en_US).
function startOf(unit: Unit, now: number, shift: number): number {
  const date = new Date(now);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  if (unit === 'day') return Date.UTC(year, month, day + shift);
  if (unit === 'week') return Date.UTC(year, month, day - date.getUTCDay() + 7 * shift);
  if (unit === 'month') return Date.UTC(year, month + shift, 1);
  if (unit === 'quarter') return Date.UTC(year, Math.floor(month / 3) * 3 + 3 * shift, 1);
  return Date.UTC(year + shift, 0, 1);
}

const between = (unit: Unit, now: number, first: number, last: number): Range => ({
  from: startOf(unit, now, first),
  to: startOf(unit, now, last + 1),
});

/**
 * The stretch that a date literal names, in the time zone of the org's users (GMT): SOQL and SOSL Reference, "Date
 * Formats and Date Literals". `LAST_N_DAYS:n` includes today; larger units leave the running one out.
 */
export function rangeOf(name: string, n: number, now: number): Range {
  const days: Record<string, number> = { yesterday: -1, today: 0, tomorrow: 1 };
  const day = days[name];
  if (day !== undefined) return between('day', now, day, day);
  if (name === 'last_90_days') return between('day', now, -90, 0);
  if (name === 'next_90_days') return { from: startOf('day', now, 1), to: startOf('day', now, 91) };
  const [, which, unit] = /^(last|this|next)_(week|month|quarter|year)$/.exec(name) ?? [];
  if (unit) {
    const shift = which === 'last' ? -1 : which === 'next' ? 1 : 0;
    return between(unit as Unit, now, shift, shift);
  }
  const [, ago] = /^n_(\w+?)s_ago$/.exec(name) ?? [];
  if (ago) return between(ago as Unit, now, -n, -n);
  const [, direction, units] = /^(last|next)_n_(\w+?)s$/.exec(name) ?? [];
  if (direction === 'next') return between(units as Unit, now, 1, n);
  return units === 'day' ? { from: startOf('day', now, -n), to: now - (now % DAY) + DAY } : between(units as Unit, now, -n, -1);
}
