import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { CHECKS, loadManifest, loadMap } from '#conformance';
import { REFERENCE_MANIFEST } from './bring-up.ts';
import { readTerms, type TermsAsked } from './terms.ts';
import { UsageError } from './usage.ts';

const folder = mkdtempSync(join(tmpdir(), 'terms-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

const { map } = loadMap(fileURLToPath(new URL('../fixtures/maps/default', import.meta.url)));
const { manifest } = loadManifest(REFERENCE_MANIFEST);
const planned = { size: 'ci' as const, checks: CHECKS, map, manifest: manifest! };
const before = file('before.json', JSON.stringify({ checks: [{ id: 'ID-01', verdict: 'pass', title: 'x' }] }));

describe('what a run is held to', () => {
  it('is nothing unless asked', () => {
    expect(readTerms({}, planned)).toEqual({ edition: undefined, before: undefined, gate: undefined, soak: undefined });
  });

  it('is read before anything is run', () => {
    const terms = readTerms({ gate: 'level=L1, regressions=0', against: before, edition: '2027.1' }, planned);
    expect(terms).toMatchObject({ gate: 'level=L1,regressions=0', before: { 'ID-01': 'pass' }, edition: { edition: '2027.1' } });
  });

  it.each<[string, TermsAsked, typeof planned, RegExp]>([
    ['a gate with a mistake', { gate: 'levle=L1' }, planned, /^--gate: .*did you mean level\?/],
    ['an empty gate', { gate: '' }, planned, /^--gate: there is no ""/],
    [
      'a level, of some checks',
      { gate: 'level=L1' },
      { ...planned, checks: CHECKS.slice(2) },
      /a level needs every check, and 2 are left out/,
    ],
    ['a run that there is not', { against: join(folder, 'no') }, planned, /there is no such run folder or result\.json/],
    ['a folder without a result', { against: folder }, planned, /there is no such run folder or result\.json/],
    ['what is no result', { against: file('x.json', '{"checks": 7}') }, planned, /is not the result of a run of checks/],
    ['a soak that there is not', { soak: join(folder, 'no') }, planned, /is not a run folder/],
    ['what is no JSON', { against: file('y.json', 'checks') }, planned, /is not the result of a run of checks/],
    ['an edition that there is not', { edition: '2026.1' }, planned, /^--edition: there is no edition "2026\.1"/],
    [
      'a map that lacks a part of the minimum of the edition',
      { edition: '2027.1' },
      { ...planned, map: { ...map, rows: map.rows.filter(({ source }) => !source.startsWith('Patient.birthDate')) } },
      /its minimum map cannot be dropped, and no row of this map carries date of birth/,
    ],
  ])('%s is refused', (_, asked, of, says) => {
    expect(() => readTerms(asked, of)).toThrow(UsageError);
    expect(() => readTerms(asked, of)).toThrow(says);
  });
});
