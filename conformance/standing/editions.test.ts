import { describe, expect, it } from 'vitest';
import type { CheckDefinition } from '../check.ts';
import { CHECKS } from '../checks/index.ts';
import { MINIMUM_MAP, missingOfMinimum } from '../map/map-minimum.ts';
import { MAP } from '../testing/setting.ts';
import { driftOf, type Edition, EditionError, editionIds, hashOfEdition, loadEdition, parseEdition } from './editions.ts';
import { LEVELS } from './levels.ts';
import { termsOf } from './terms.ts';

const changed = (change: (edition: Edition) => void): string => {
  const edition = structuredClone(loadEdition('2027.1'));
  change(edition);
  return JSON.stringify(edition);
};

describe.each(editionIds())('edition %s', (id) => {
  const edition = loadEdition(id);

  it('is what its hash says, and holds for a year', () => {
    expect(edition.edition).toBe(id);
    expect(edition.hash).toBe(hashOfEdition(edition));
    expect(Number(edition.until.slice(0, 4)) - Number(edition.from.slice(0, 4))).toBe(1);
  });

  // Of a draft: `npm run edition -- <id>` makes it anew. What is frozen stays: the check gets its words back, or a new id.
  it('says of each check what the check says of itself', () => {
    expect(driftOf(edition, CHECKS)).toEqual([]);
  });

  it('names only checks that this version can carry out, and parts of the map that it knows', () => {
    const known = CHECKS.map((check) => check.id);
    expect(edition.terms.checks.filter((check) => !known.includes(check.id))).toEqual([]);
    expect(edition.terms.minimumMap.filter((what) => !MINIMUM_MAP.includes(what))).toEqual([]);
    expect(edition.terms.levels.map((level) => level.id)).toEqual(LEVELS.map((level) => level.id));
    const all = [...edition.terms.levels, ...edition.terms.badges].flatMap(({ must }) => must);
    expect(all.filter((one) => !edition.terms.checks.some((check) => check.id === one))).toEqual([]);
  });
});

describe('a check that is not what it was', () => {
  const [check] = CHECKS as [CheckDefinition];
  const drift = (more: Partial<CheckDefinition>): string[] => driftOf({ terms: termsOf([check]) }, [{ ...check, ...more }]);
  it.each<[string, Partial<CheckDefinition>]>([
    ['another title', { title: 'Something' }],
    ['another requirement', { requirement: 'Nothing.' }],
    ['another severity', { severity: 'm' }],
    ['another level', { level: 3 }],
  ])('%s is drift', (_, more) => expect(drift(more)).toEqual([expect.stringContaining(`${check.id} asks for something else`)]));

  it('is none where it is only carried out otherwise, or tells more of the harm', () => {
    expect(drift({ harm: 'More of it.', act: async () => {} })).toEqual([]);
  });

  it('is missed', () => expect(driftOf({ terms: termsOf([check]) }, [])).toEqual([`${check.id} is gone`]));
});

describe('an edition that is not what it was', () => {
  it.each<[string, string]>([
    ['a check less', changed(({ terms }) => void terms.checks.pop())],
    ['a lower share', changed(({ terms }) => void Object.assign(terms.levels[1]!, { majors: 50 }))],
    ['a slower class', changed(({ terms }) => void Object.assign(terms.latency, { A: 60_000 }))],
    ['a smaller map', changed(({ terms }) => void terms.minimumMap.pop())],
    ['another status', changed((edition) => void Object.assign(edition, { status: 'other' }))],
    ['a longer life', changed((edition) => void Object.assign(edition, { until: '2099-01-01' }))],
  ])('%s: refused', (_, text) => {
    expect(() => parseEdition(text)).toThrow(/was changed: its content no longer has the hash/);
    expect(() => parseEdition(text)).toThrow(EditionError);
  });

  it('one that there is not names those that there are', () => {
    expect(() => loadEdition('2027.2')).toThrow(/there is no edition "2027\.2"; did you mean 2027\.1\?/);
    expect(() => loadEdition('../../package')).toThrow(/there is no edition/);
  });
});

it('a map without a part of the minimum is found out', () => {
  expect(missingOfMinimum(MAP)).toEqual([]);
  const rows = MAP.rows.filter(({ source }) => !source.startsWith('Patient.birthDate'));
  expect(missingOfMinimum({ ...MAP, rows })).toEqual(['date of birth']);
  expect(missingOfMinimum({ ...MAP, rows }, ['sex'])).toEqual([]);
});
