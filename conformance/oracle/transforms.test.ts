import { expect, it } from 'vitest';
import { pathMistake } from '../map/fhirpath.ts';
import { FIELD_TYPES, parseFieldType, parseTolerance } from '../map/field-types.ts';
import { parseMap } from '../map/map.ts';
import { compileTransform } from './transforms.ts';

const tables = parseMap({ 'sex.csv': 'source,v2,target\nmale,M,Male\n', 'any.csv': 'source,target\na,A\n*,Other\n' }).map.tables;
const site = { name: 'epic', authority: '1.2.3', time_zone: 'America/New_York' };
const context = (time_zone = site.time_zone) => ({
  site: { ...site, time_zone },
  resource: { resourceType: 'Patient', active: true },
  parentKey: (reference: string) => (reference === 'Patient/1' ? '1.2.3|42' : undefined),
});
const run = (transform: string, input: unknown, zone?: string) => {
  const made = compileTransform(transform, tables)?.(input, context(zone));
  return made && 'value' in made ? made.value : made;
};
const wrong = { wrong: expect.any(String) };

it.each([
  ['', 'as is', 'as is'],
  ['key', '42', '1.2.3|42'],
  ['parent', 'Patient/1', '1.2.3|42'],
  ['parent', 'Patient/2', wrong],
  ['e164', '(212) 555-0143', '+12125550143'],
  ['e164', 'UNK', wrong],
  ['lower', 'Ada@Mail.Example', 'ada@mail.example'],
  ['table:sex.csv', 'male', 'Male'],
  ['table:sex.csv', 'M', wrong],
  ['table:any.csv', 'zz', 'Other'],
  ['$this.substring(0, 2)', 'abc', 'ab'],
  ["'no. ' & $this", '7', 'no. 7'],
  ["iif(%resource.active, 'yes', 'no')", 'x', 'yes'],
  ["$this.where($this = 'other')", 'x', undefined],
])('"%s" makes of %s: %s', (transform, input, output) => {
  expect(run(transform, input)).toEqual(output);
});

it.each([
  // Both edges of daylight saving, half an hour either side of midnight, far zones, and a day that is a day anyway.
  ['America/New_York', '2026-03-08T04:30:00Z', '2026-03-07'],
  ['America/New_York', '2026-03-08T05:15:00Z', '2026-03-08'],
  ['America/New_York', '2026-03-09T03:30:00Z', '2026-03-08'],
  ['America/New_York', '2026-03-09T04:15:00Z', '2026-03-09'],
  ['America/New_York', '2026-11-01T03:30:00Z', '2026-10-31'],
  ['America/New_York', '2026-11-01T04:15:00Z', '2026-11-01'],
  ['America/New_York', '2026-11-02T04:30:00Z', '2026-11-01'],
  ['America/New_York', '2026-11-02T05:15:00Z', '2026-11-02'],
  ['America/Phoenix', '2026-03-09T06:59:59Z', '2026-03-08'],
  ['Pacific/Honolulu', '2026-03-09T09:30:00Z', '2026-03-08'],
  ['Pacific/Auckland', '2026-03-08T11:00:00Z', '2026-03-09'],
  ['Asia/Kathmandu', '2026-03-08T18:14:00Z', '2026-03-08'],
  ['Asia/Kathmandu', '2026-03-08T18:15:00Z', '2026-03-09'],
  ['America/New_York', '2026-03-08T00:15:00-05:00', '2026-03-08'],
  ['America/New_York', '2026-03-08', '2026-03-08'],
  ['America/New_York', '2026-03-08T00:15:00', wrong],
])('in %s, %s is the day %s', (zone, instant, day) => {
  expect(run('local-date', instant, zone)).toEqual(day);
});

it.each([
  ['e146', 'no transform "e146"'],
  ['table:six.csv', 'no table "six.csv"'],
  ['$this.frist()', 'no function frist()'],
])('%s is refused: %s', (transform, message) => {
  expect(() => compileTransform(transform, tables)).toThrow(message);
});

it('has nothing to say of what is opaque', () => expect(compileTransform('opaque', tables)).toBeUndefined());

it.each([
  ['Patient.name.first()', undefined],
  ["Patient.name.where(use = 'offi(cial' and given.exists()).family", undefined],
  ['%site.authority', undefined],
  ['Patient.name.frist()', 14],
  ['Patient.name.where(use = )', 26],
  ['Patient..name', 9],
  ['Patient.name family', undefined],
  ["Patient.name.where(use = 'official)", 26],
  ['Patient.id = %autority', 14],
])('place of the mistake in %s', (expression, column) => {
  const mistake = pathMistake(expression);
  expect(mistake?.column).toBe(column);
  if (expression === 'Patient.name family') expect(mistake).toBeDefined();
});

const typed = (name: string, value: unknown) => {
  const { type, size } = parseFieldType(name) as NonNullable<ReturnType<typeof parseFieldType>>;
  const read = type.read(value, size);
  return 'value' in read ? read.value : 'wrong';
};

it.each([
  ['text(5)', ' ab ', 'ab'],
  ['text(5)', 'abcdef', 'wrong'],
  ['text', 7, '7'],
  ['text', '', null],
  ['text', {}, 'wrong'],
  ['date', '2024-02-29', '2024-02-29'],
  ['date', '2023-02-29', 'wrong'],
  ['date', '2024-02', 'wrong'],
  ['date', '2024-02-29T00:00:00Z', 'wrong'],
  ['datetime', '2026-03-08T01:30:00-05:00', '2026-03-08T06:30:00.000Z'],
  ['datetime', '2026-03-08T06:30:00.000+0000', '2026-03-08T06:30:00.000Z'],
  ['datetime', '2026-03-08T01:30:00', 'wrong'],
  ['datetime', '2026-02-30T01:30:00Z', 'wrong'],
  ['checkbox', true, true],
  ['checkbox', 'false', false],
  ['checkbox', 'N', 'wrong'],
  ['number(5,1)', '7.5', 7.5],
  ['number', 'heavy', 'wrong'],
  ['phone', '+12125550143', '+12125550143'],
])('a field of %s reads %s as %s', (name, value, read) => {
  expect(typed(name, value)).toEqual(read);
});

it.each([
  ['text', 'Zoë', 'Zoë', 0, true],
  ['text', 'Zoë', 'Zoe', 0, false],
  ['picklist', 'Male', 'male', 0, false],
  ['email', 'a@x.example', 'A@x.example', 0, true],
  ['phone', '+12125550143', '(212) 555-0143', 0, true],
  ['phone', '+12125550143 x9', '+12125550143', 0, false],
  ['date', '2024-02-29', '2024-03-01', 0, false],
  ['datetime', '2026-03-08T06:30:00.000Z', '2026-03-08T06:30:00.000+0000', 0, true],
  ['datetime', '2026-03-08T06:30:00.000Z', '2026-03-08T06:30:59.000Z', 0, false],
  ['datetime', '2026-03-08T06:30:00.000Z', '2026-03-08T06:30:59.000Z', 60_000, true],
  ['datetime', '2026-03-08T06:30:00.000Z', 'soon', 0, false],
  ['checkbox', true, 'true', 0, false],
  ['number', 7.5, 7.4, 0, false],
  ['number', 7.5, 7.4, 0.2, true],
])('in a %s, %s and %s (tolerance %i) agree: %s', (name, expected, actual, tolerance, same) => {
  expect(FIELD_TYPES[name]?.same(expected as never, actual, tolerance as number)).toBe(same);
});

it.each([
  ['', 0],
  ['0.5', 0.5],
  ['PT1M', 60_000],
  ['PT0S', 0],
  ['soon', undefined],
])('a tolerance of "%s" is %s', (written, value) => {
  expect(parseTolerance(written)).toBe(value);
});
