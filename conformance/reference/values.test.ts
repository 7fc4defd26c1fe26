import { describe, expect, it } from 'vitest';
import { appointmentStatus, birthDate, clinicTime, localDate, normalisePhone, sex } from './values.ts';

describe('phones', () => {
  it.each([
    ['(212)555-0143', '+12125550143'],
    ['212-555-0143', '+12125550143'],
    ['1 212 555 0143', '+12125550143'],
    ['+1 (212) 555-0143', '+12125550143'],
    ['+44 20 7946 0958', '+442079460958'],
    ['212.555.0143 x9', '+12125550143 x9'],
    ['212.555.0143 ext. 9', '+12125550143 x9'],
    ['555-0143', undefined],
    ['(212)555-0143X9', '+12125550143 x9'],
    ['tel:+1-212-555-0143;ext=7', '+12125550143 x7'],
    ['112-555-0143', undefined],
    ['222-222-2222', undefined],
    ['+44', undefined],
    ['call mother', undefined],
    ['UNK', undefined],
    ['999-999-9999', undefined],
    ['', undefined],
  ])('%s becomes %s', (text, phone) => expect(normalisePhone(text)).toBe(phone));
});

describe('birth dates never move', () => {
  it.each([
    ['19800131', '1980-01-31'],
    ['1980-01-31', '1980-01-31'],
    ['20000229', '2000-02-29'],
    ['19800131235900-0500', '1980-01-31'],
    ['19000101', '1900-01-01'],
    ['19010229', undefined],
    ['1980', undefined],
    ['198013', undefined],
    ['', undefined],
  ])('%s becomes %s', (text, date) => expect(birthDate(text)).toBe(date));
});

describe('the clinic’s day', () => {
  it.each([
    ['2026-03-11T04:30:00Z', 'America/New_York', '2026-03-11'],
    ['2026-03-11T03:30:00Z', 'America/New_York', '2026-03-10'],
    ['2026-03-08T05:15:00Z', 'America/Chicago', '2026-03-07'],
    ['2026-03-08T23:30:00-05:00', 'America/Chicago', '2026-03-08'],
    ['2026-06-30T14:30:00Z', 'Pacific/Auckland', '2026-07-01'],
  ])('%s in %s is %s', (instant, zone, day) => expect(localDate(instant, zone)).toBe(day));
});

describe('the clinic’s clock', () => {
  it.each([
    [[2026, 1, 15, 23, 30], 'America/Chicago', '2026-01-16T05:30:00.000Z'],
    [[2026, 7, 15, 0, 15], 'America/Chicago', '2026-07-15T05:15:00.000Z'],
    [[2026, 3, 8, 1, 59], 'America/Chicago', '2026-03-08T07:59:00.000Z'],
    [[2026, 3, 8, 3, 0], 'America/Chicago', '2026-03-08T08:00:00.000Z'],
    [[2026, 11, 1, 0, 15], 'America/Chicago', '2026-11-01T05:15:00.000Z'],
    [[2026, 11, 1, 1, 30], 'America/Chicago', '2026-11-01T06:30:00.000Z'],
    [[2026, 11, 1, 2, 0], 'America/Chicago', '2026-11-01T08:00:00.000Z'],
    [[2026, 7, 1, 2, 30], 'Pacific/Auckland', '2026-06-30T14:30:00.000Z'],
  ] as const)('%s in %s is %s', ([year, month, day, hour, minute], zone, instant) => {
    expect(new Date(clinicTime(year, month, day, hour, minute, 0, zone)).toISOString()).toBe(instant);
  });
});

describe('codes', () => {
  it.each([
    ['M', 'Male'],
    ['female', 'Female'],
    ['A', 'Unknown'],
    ['', 'Unknown'],
    [undefined, 'Unknown'],
  ])('sex %s becomes %s', (code, word) => expect(sex(code)).toBe(word));

  it.each([
    ['booked', 'Booked'],
    ['Noshow', 'No-Show'],
    ['Started', 'Arrived'],
    ['fulfilled', 'Completed'],
    ['entered-in-error', 'Cancelled'],
    ['1', undefined],
    ['waitlist', undefined],
  ])('status %s becomes %s', (code, word) => expect(appointmentStatus(code)).toBe(word));
});
