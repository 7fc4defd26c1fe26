import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Version } from './facts.ts';
import { sharing } from './sharing.ts';

const version = <T>(image: T, n = 1): Version<T> => ({
  ref: { sim: 'ehr', tenant: 'epic', type: 'Patient', id: 'p1', version: n },
  ...{ at: n, wall: '2026-01-01T00:00:00Z', event: `epic:${n}`, act: 'update', actor: 'user:clinic', image },
});

const name = [{ family: 'Poe', given: ['Ada'] }];

describe('a version after another', () => {
  it.each([
    ['one field is new', { name, gender: 'female' }, { name: structuredClone(name), gender: 'male' }, ['name']],
    ['a list is longer', { name }, { name: [...structuredClone(name), { family: 'Roe' }] }, []],
    ['a list is shorter', { name: [...name, { family: 'Roe' }] }, { name: structuredClone(name) }, []],
    ['a part lost a field', { name }, { name: [{ family: 'Poe' }] }, []],
    ['an empty list is no empty object', { name: [] }, { name: {} }, []],
    ['nothing is new', { name }, { name: structuredClone(name) }, ['name']],
  ] as [string, object, object, string[]][])('%s', (_what, before, after, held) => {
    const shared = sharing(version(after, 2), version(before));
    expect(shared).toEqual(version(after, 2));
    expect(shared.image).not.toBe(before);
    const parts = shared.image as Record<string, unknown>;
    const isHeld = ([key, value]: [string, unknown]) => typeof value === 'object' && value === (before as typeof parts)[key];
    expect(
      Object.entries(parts)
        .filter(isHeld)
        .map(([key]) => key),
    ).toEqual(held);
  });

  it.each([
    ['was deleted', { name }, null],
    ['came back', null, { name }],
  ])('%s', (_what, before, after) => {
    expect(sharing(version<object | null>(after, 2), version<object | null>(before))).toEqual(version(after, 2));
  });

  it('says what it said, whatever was before it', () => {
    const image = fc.dictionary(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(image, image, (before, after) => {
        const shared = sharing(version(after, 2), version(before)).image;
        expect(JSON.stringify(shared)).toBe(JSON.stringify(after));
      }),
    );
  });
});
