import { describe, expect, it } from 'vitest';
import { CHECKS, MUTANTS, NULLS } from '#conformance';
import { quickChoice } from './quick-matrix.ts';

const mutant = (id: string, ...checks: string[]) => ({ id, kills: checks.map((check) => ({ check })) });
const ids = (list: readonly { id: string }[]): string => list.map(({ id }) => id).join(' ');

describe('what a quick matrix runs', () => {
  it.each([
    ['the cheaper of two that the same check fails', [mutant('dear', 'A'), mutant('cheap', 'A')], { dear: 9, cheap: 1 }, 'cheap'],
    ['one for two', [mutant('a', 'A'), mutant('b', 'B'), mutant('both', 'A', 'B')], { a: 3, b: 3, both: 4 }, 'both'],
    [
      'two for the price of less than one',
      [mutant('both', 'A', 'B'), mutant('a', 'A'), mutant('b', 'B')],
      { both: 9, a: 1, b: 1 },
      'a b',
    ],
    [
      'nobody whose work others do',
      [mutant('ab', 'A', 'B'), mutant('bc', 'B', 'C'), mutant('cd', 'C', 'D')],
      { ab: 2, bc: 1, cd: 2 },
      'ab cd',
    ],
    ['the longest first', [mutant('short', 'A'), mutant('long', 'B')], { short: 1, long: 5 }, 'long short'],
    [
      'one of unknown cost as an ordinary one',
      [mutant('new', 'A'), mutant('old', 'A'), mutant('x', 'B')],
      { old: 9, x: 3 },
      'new x',
    ],
  ])('%s', (_, all, costs, expected) => {
    // One of four that are left over is drawn beside them.
    const { chosen } = quickChoice(all, { costs: costs as Record<string, number>, code: 'c' });
    const drawn = all.filter((one) => !expected.split(' ').includes(one.id)).map(({ id }) => id);
    expect(ids(chosen.filter(({ id }) => !drawn.includes(id)))).toBe(expected);
    expect(chosen.length - expected.split(' ').length).toBe(Math.ceil(drawn.length / 4));
  });

  const all = [...MUTANTS, ...NULLS.map((id) => ({ id, kills: [] }))];
  const chosenFor = (code: string) => quickChoice(all, { costs: {}, code });

  it('fails every check, has every lawful variant and both nulls, and says what it left out', () => {
    const { chosen, rule } = chosenFor('c');
    const killed = new Set(chosen.flatMap(({ kills }) => kills.map(({ check }) => check)));
    expect(CHECKS.filter(({ id }) => !killed.has(id))).toEqual([]);
    expect(ids(all.filter((one) => one.kills.length === 0 && !chosen.includes(one)))).toBe('');
    expect(chosen.length).toBeLessThan(all.length);
    expect(rule).toContain(`${chosen.length} of ${all.length}`);
  });

  it('is the same for the same code; with other code the turn of others comes, until nobody was left out', () => {
    expect(ids(chosenFor('c').chosen)).toBe(ids(chosenFor('c').chosen));
    const seen = new Set(Array.from({ length: 40 }, (_, n) => chosenFor(`code ${n}`).chosen.map(({ id }) => id)).flat());
    expect(ids(all.filter(({ id }) => !seen.has(id)))).toBe('');
  });
});
