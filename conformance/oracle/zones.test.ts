import { describe, expect, it } from 'vitest';
import { addDays, clockChanges, instantAt, wallTime } from './zones.ts';

const at = (local: string, zone: string): string => {
  const [date, time] = local.split(' ') as [string, string];
  const [hour, minute] = time.split(':').map(Number) as [number, number];
  return new Date(instantAt(date, hour, minute, zone)).toISOString().replace(':00.000Z', 'Z');
};
const wall = (instant: string, zone: string): string => {
  const { date, hour, minute } = wallTime(Date.parse(instant), zone);
  return `${date} ${hour}:${String(minute).padStart(2, '0')}`;
};

describe('wall clocks', () => {
  it.each([
    // zone, local time, instant
    ['America/New_York', '2026-01-15 9:00', '2026-01-15T14:00Z'],
    ['America/New_York', '2026-03-08 1:59', '2026-03-08T06:59Z'],
    ['America/New_York', '2026-03-08 3:00', '2026-03-08T07:00Z'],
    ['America/New_York', '2026-11-01 2:00', '2026-11-01T07:00Z'],
    ['America/New_York', '2026-07-01 23:30', '2026-07-02T03:30Z'],
    ['America/New_York', '2026-07-02 0:15', '2026-07-02T04:15Z'],
    ['Australia/Lord_Howe', '2026-04-04 12:00', '2026-04-04T01:00Z'],
    ['Australia/Lord_Howe', '2026-04-05 12:00', '2026-04-05T01:30Z'],
    ['Asia/Kathmandu', '2026-01-01 0:15', '2025-12-31T18:30Z'],
    ['America/St_Johns', '2026-01-01 0:00', '2026-01-01T03:30Z'],
    ['Pacific/Chatham', '2026-01-01 12:00', '2025-12-31T22:15Z'],
    ['Pacific/Kiritimati', '2026-01-01 0:15', '2025-12-31T10:15Z'],
    ['Pacific/Apia', '2011-12-29 23:30', '2011-12-30T09:30Z'],
    ['Pacific/Apia', '2011-12-31 0:15', '2011-12-30T10:15Z'],
    ['Pacific/Niue', '2026-01-01 12:00', '2026-01-01T23:00Z'],
    ['UTC', '2028-02-29 0:00', '2028-02-29T00:00Z'],
  ])('%s shows %s at %s', (zone, local, instant) => {
    expect([at(local, zone), wall(instant, zone)]).toEqual([instant, local]);
  });

  it.each([
    ['America/New_York', '2026-11-01 1:30', '2026-11-01T05:30Z'],
    ['Australia/Lord_Howe', '2026-04-05 1:45', '2026-04-04T14:45Z'],
  ])('%s shows %s twice: the first time is meant', (zone, local, instant) => {
    expect(at(local, zone)).toBe(instant);
  });

  it.each([
    ['America/New_York', '2026-03-08 2:30', '2026-03-08 3:30'],
    ['Australia/Lord_Howe', '2026-10-04 2:10', '2026-10-04 2:40'],
    ['America/Santiago', '2026-09-06 0:15', '2026-09-06 1:15'],
    ['Africa/Cairo', '2026-04-24 0:15', '2026-04-24 1:15'],
    ['Pacific/Apia', '2011-12-30 10:00', '2011-12-31 10:00'],
  ])('%s never shows %s: as much later as the clocks skip, %s', (zone, local, shown) => {
    expect(wall(at(local, zone), zone)).toBe(shown);
  });
});

describe('days', () => {
  it.each([
    ['2026-02-28', 1, '2026-03-01'],
    ['2028-02-28', 1, '2028-02-29'],
    ['2026-03-08', -1, '2026-03-07'],
    ['2026-12-31', 1, '2027-01-01'],
    ['2026-03-07', 2, '2026-03-09'],
  ])('%s and %i', (date, days, expected) => {
    expect(addDays(date, days)).toBe(expected);
  });
});

describe('clock changes in the year to come', () => {
  it.each([
    ['America/New_York', '2026-01-01', ['2026-03-08', '2026-11-01']],
    ['America/New_York', '2026-03-08', ['2026-11-01']],
    ['America/New_York', '2026-03-09', ['2026-11-01']],
    ['Europe/Berlin', '2026-06-01', ['2026-10-25', '2027-03-28']],
    ['Australia/Lord_Howe', '2026-01-01', ['2026-04-05', '2026-10-04']],
    ['America/Phoenix', '2026-01-01', []],
    ['Asia/Kathmandu', '2026-01-01', []],
    // At midnight: there is no quarter past it on that day.
    ['America/Santiago', '2026-01-01', ['2026-04-05', '2026-09-06']],
    ['Africa/Cairo', '2026-01-01', ['2026-04-24', '2026-10-30']],
    // The 30th was left out.
    ['Pacific/Apia', '2011-12-01', ['2011-12-31', '2012-04-01']],
  ])('%s after %s', (zone, from, changes) => {
    expect(clockChanges(from, zone)).toEqual(changes);
  });
});
