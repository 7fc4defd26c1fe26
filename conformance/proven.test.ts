import { describe, expect, it } from 'vitest';
import { CHECKS } from './checks/index.ts';
import { MUTANTS } from './mutants/index.ts';
import { killersOf, readProof } from './proven.ts';

describe('who has shown that a check fails what it should', () => {
  it('is known of every check', () => {
    const killers = killersOf();
    expect(CHECKS.map(({ id }) => id).filter((id) => (killers[id] ?? []).length === 0)).toEqual([]);
  });

  it('is said to have been seen only where the matrix saw it', () => {
    const [{ id, kills }] = MUTANTS.filter((one) => one.kills.length > 0) as [(typeof MUTANTS)[number]];
    const check = kills[0]!.check;
    const seenBy = (checks: Record<string, string[]>) =>
      killersOf({ v: 1, checks })[check]!.flatMap(({ mutant, seen }) => (seen ? [mutant] : []));
    expect([seenBy({}), seenBy({ [check]: [id] }), seenBy({ [check]: ['gone since'] })]).toEqual([[], [id], []]);
  });

  it('the file names nothing that is not stated', () => {
    const { v, at, checks } = readProof();
    expect(v).toBe(1);
    if (Object.keys(checks).length > 0) expect(at).toMatch(/^\d{4}-\d\d-\d\d/);
    const ids = CHECKS.map(({ id }) => id);
    expect(Object.keys(checks).filter((id) => !ids.includes(id))).toEqual([]);
  });
});
