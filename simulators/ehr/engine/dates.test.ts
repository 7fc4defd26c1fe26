import { describe, expect, it } from 'vitest';
import { dateRange, FUTURE, periodRange } from './dates.ts';

const iso = (range: { low: number; high: number } | undefined) =>
  range && [new Date(range.low).toISOString(), new Date(range.high).toISOString()];

describe('the stretch of time of a FHIR date', () => {
  it.each([
    ['2026', 'UTC', '2026-01-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'],
    ['2026-12', 'UTC', '2026-12-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'],
    ['2024-02-29', 'America/New_York', '2024-02-29T05:00:00.000Z', '2024-03-01T05:00:00.000Z'],
    // Days on which clocks change have 23 and 25 hours.
    ['2026-03-08', 'America/New_York', '2026-03-08T05:00:00.000Z', '2026-03-09T04:00:00.000Z'],
    ['2026-11-01', 'America/New_York', '2026-11-01T04:00:00.000Z', '2026-11-02T05:00:00.000Z'],
    ['2026-03-02T10:00', 'America/Chicago', '2026-03-02T16:00:00.000Z', '2026-03-02T16:01:00.000Z'],
    ['2026-03-02T10:00:00Z', 'America/Chicago', '2026-03-02T10:00:00.000Z', '2026-03-02T10:00:01.000Z'],
    ['2026-03-02T10:00:00.5-06:00', 'UTC', '2026-03-02T16:00:00.500Z', '2026-03-02T16:00:00.600Z'],
    ['2026-03-02T10:00:00.123+05:30', 'UTC', '2026-03-02T04:30:00.123Z', '2026-03-02T04:30:00.124Z'],
  ])('%s in %s', (text, zone, low, high) => expect(iso(dateRange(text, zone))).toEqual([low, high]));

  it.each([
    '2026-02-29',
    '2026-13',
    '2026-00-10',
    '26-01-01',
    '2026-1-1',
    '2026-01-01T25:00:00Z',
    'yesterday',
    '',
    '2026-01-01Z',
  ])('%s is none', (text) => expect(dateRange(text, 'UTC')).toBeUndefined());

  it('an open period reaches to the end of time', () => {
    expect(periodRange({ start: '2026-01-01' }, 'UTC')).toEqual({ low: Date.UTC(2026, 0, 1), high: FUTURE });
    expect(periodRange({}, 'UTC')).toBeUndefined();
  });
});
