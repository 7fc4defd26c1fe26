/** Functions of SOQL: SOQL and SOSL Reference, "Aggregate Functions", "Date Functions", "toLabel()", "FORMAT()". */

export const AGGREGATES = ['count', 'count_distinct', 'min', 'max', 'sum', 'avg'];
/** Leave a value as it is here: one language, one currency, one time zone. */
export const SHOWN = ['tolabel', 'format', 'convertcurrency'];

const DAY = 86_400_000;

// The fiscal year is the calendar year, as in a new org; all is GMT, the time zone of the org's users.
const PARTS: Record<string, (date: Date) => number | string> = {
  calendar_year: (d) => d.getUTCFullYear(),
  calendar_quarter: (d) => Math.floor(d.getUTCMonth() / 3) + 1,
  calendar_month: (d) => d.getUTCMonth() + 1,
  fiscal_year: (d) => d.getUTCFullYear(),
  fiscal_quarter: (d) => Math.floor(d.getUTCMonth() / 3) + 1,
  fiscal_month: (d) => d.getUTCMonth() + 1,
  day_in_month: (d) => d.getUTCDate(),
  day_in_week: (d) => d.getUTCDay() + 1,
  day_in_year: (d) => dayInYear(d),
  day_only: (d) => d.toISOString().slice(0, 10),
  hour_in_day: (d) => d.getUTCHours(),
  week_in_month: (d) => Math.ceil(d.getUTCDate() / 7),
  week_in_year: (d) => Math.ceil(dayInYear(d) / 7),
};

const dayInYear = (d: Date): number =>
  (Date.UTC(d.getUTCFullYear(), d.getUTCMonth(), d.getUTCDate()) - Date.UTC(d.getUTCFullYear(), 0, 1)) / DAY + 1;

export const isDateFunction = (name: string): boolean => Object.hasOwn(PARTS, name);

/** Those that need a time of day. */
export const NEEDS_TIME = ['hour_in_day', 'day_only'];

type Scalar = string | number | boolean | null | undefined;

/** What a date function makes of a stored date or datetime; null of nothing. */
export function applyDate(name: string, value: Scalar): number | string | null {
  if (typeof value !== 'string') return null;
  const date = new Date(value.length === 10 ? `${value}T00:00:00Z` : value);
  return Number.isNaN(date.getTime()) ? null : PARTS[name]!(date);
}
