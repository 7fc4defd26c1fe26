import { describe, expect, test } from 'vitest';
import { goneElements, openWitness, withoutElements } from './elements.ts';
import type { Patient } from './map.ts';

const chart = (more: Partial<Patient> = {}): Patient => ({ resourceType: 'Patient', id: 'p', ...more });
const full = chart({ telecom: [{ system: 'phone', value: '1' }], birthDate: '1984-02-29' });
const bare = chart({ birthDate: '1984-02-29' });

test('an element is gone where something is held from it', () => {
  const held = (value: string | null) => ({ Email: { value, stamp: { at: 1, seq: '' } } });
  expect(goneElements(bare, held('a@b.example'))).toEqual(['telecom']);
  for (const [patient, desired] of [
    [bare, held(null)],
    [bare, undefined],
    [full, held('a@b.example')],
  ] as const)
    expect(goneElements(patient, desired)).toEqual([]);
});

test('what is doubted leaves no field', () => {
  expect(withoutElements({ Email: null, HomePhone: null, LastName: 'Ode' }, ['telecom'])).toEqual({ LastName: 'Ode' });
});

describe('who is believed', () => {
  const open = () => {
    const told: [string, boolean][] = [];
    const witness = openWitness((element, isGone) => told.push([element, isGone]));
    const empty = (key: string, at: number, pass: number) => witness.doubts(key, bare, ['telecom'], at, pass);
    const shows = (key: string, at: number, pass: number) => witness.doubts(key, full, [], at, pass);
    return { told, empty, shows };
  };

  test('a chart beside one that shows the element and was asked for later', () => {
    const { told, empty, shows } = open();
    shows('b', 1, 1);
    expect(empty('a', 2, 1)).toEqual(['telecom']);
    shows('b', 3, 1);
    expect(empty('a', 4, 2)).toEqual([]);
    expect(told).toEqual([]);
  });

  test('a practice too small to tell, after a round', () => {
    const { empty } = open();
    expect([empty('a', 1, 1), empty('a', 2, 2), empty('a', 3, 3)]).toEqual([['telecom'], ['telecom'], []]);
  });

  test('no chart, where many lack it and none shows it: told once, until one does again', () => {
    const { told, empty, shows } = open();
    for (const pass of [1, 2, 3, 4]) for (const key of ['a', 'b', 'c']) expect(empty(key, pass, pass)).toEqual(['telecom']);
    expect(told).toEqual([['telecom', true]]);
    shows('a', 5, 5);
    expect(told).toEqual([
      ['telecom', true],
      ['telecom', false],
    ]);
  });
});
