import { describe, expect, it } from 'vitest';
import { mutantsProof, outcomeOf, provenIn, type ShownMutant, seedsProof, withPart } from './proof.ts';

const mutant = (more: Partial<ShownMutant>): ShownMutant => ({
  ...{ id: 'a', kind: 'broken', blind: false, ms: 1_000, wrong: [], kills: [], failed: [] },
  ...more,
});

describe('the page of long runs', () => {
  it('keeps the part that was not run', () => {
    const first = withPart(undefined, 'seeds', '\n## Seeds\n\nfifty\n\n');
    const both = withPart(first, 'mutants', '\n## Mutants\n\nall\n\n');
    expect([first.includes('Not run yet.'), both.includes('fifty'), both.includes('all'), both.includes('Not run yet.')]).toEqual(
      [true, true, true, false],
    );
    expect(withPart(both, 'mutants', '\n## Mutants\n\nall\n\n')).toBe(both);
  });

  it.each([
    ['no failure', []],
    ['no failure', [{ id: 'ID-01', verdict: 'untestable', reason: 'did-not-bite', message: 'm' }]],
    ['a failure with 1 of them', [{ id: 'ID-01', verdict: 'fail', reason: 'missing', message: 'm' }]],
    ['a failure with 1 of them', [{ id: 'ID-01', verdict: 'harness-error', reason: 'r', message: 'm' }]],
  ] as const)('says %s of %j', (said, odd) => {
    const runs = [
      { id: '1', ms: 1, passed: 3, odd: [], lagMs: 9 },
      { id: '2', ms: 1, passed: 2, odd: [...odd], lagMs: 9 },
    ];
    expect(seedsProof('Monday', runs, 'its own sync window')).toContain(`**${said}**`);
  });

  it.each([
    [0, [], 'passed'],
    [0, ['untestable'], 'passed'],
    [0, ['fail'], 'failed'],
    [2_000, ['fail'], 'void'],
    [2_000, [], 'void'],
  ] as const)('counts a run in which the sandbox stood still for %i ms, with %j, as %s', (lagMs, verdicts, outcome) => {
    const odd = verdicts.map((verdict) => ({ id: 'ID-01', verdict, reason: 'r', message: 'm' }));
    expect(outcomeOf({ lagMs, odd })).toBe(outcome);
  });

  it('is kept for reports by check, with those alone that failed it for the reason that is stated', () => {
    const of = (id: string, more: Partial<ShownMutant>) =>
      mutant({ id, kills: [{ check: 'ID-01', reason: 'missing' }], failed: [{ check: 'ID-01', reason: 'missing' }], ...more });
    const runs = [
      of('b', {}),
      of('a', {}),
      of('c', { failed: [] }),
      of('d', { wrong: ['ID-01 fails it for x, not for missing'] }),
    ];
    expect(provenIn('Monday', [...runs, of('e', { kind: 'lawful', kills: [] })])).toEqual({
      ...{ v: 1, at: 'Monday', checks: { 'ID-01': ['a', 'b'] } },
    });
  });

  it('names what was not as expected', () => {
    const text = mutantsProof('Monday', [mutant({}), mutant({ id: 'b', wrong: ['ID-01 does not fail it'] })], 1);
    expect(text).toContain('**1 not as expected**; 1 checks are failed by none');
    expect(text).toContain('| b | ID-01 does not fail it |');
  });
});
