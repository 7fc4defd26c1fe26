import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Judged } from '../facts/evidence.ts';
import type { CheckResult, InvariantResult, Severity, Verdict } from '../result.ts';
import { type Chosen, type Experience, estimateMs, type Pace, withinBudget } from './budget.ts';
import { type Earlier, failedIn, heldAgainst } from './earlier.ts';

const check = (id: string, severity: Severity = 'B', alone?: boolean): Chosen => ({ id, severity, alone });
const pace = (experience: Record<string, Experience> = {}, atOnce = 10): Pace => ({
  window: 4_000,
  experience: new Map(Object.entries(experience)),
  atOnce,
});

describe('how long a run takes', () => {
  const lasting: Chosen = { ...check('LT', 'M', true), lasts: { ci: 5_000, full: 600_000 } };
  const ten = Array.from({ length: 10 }, (_, i) => check(`S-${i}`));
  test.each<[string, Chosen[], Pace, number]>([
    ['nothing', [], pace(), 3_000],
    ['side by side', ten, pace(), 11_000],
    ['more than fit side by side', [...ten, ...ten], pace(), 19_000],
    ['the longest of them', [check('a'), check('b')], pace({ a: { ms: 30_000, failures: 0 } }), 33_000],
    ['alone, one after the other', [check('a', 'B', true), check('b', 'B', true)], pace(), 19_000],
    ['one that goes on for ten minutes in this size', [lasting], { ...pace(), size: 'full' }, 611_000],
    ['the same in the other size', [lasting], pace(), 11_000],
    [
      'one that earlier runs know in that size',
      [lasting],
      { ...pace({ LT: { ms: 700_000, failures: 0 } }), size: 'full' },
      703_000,
    ],
  ])('%s', (_, checks, at, ms) => expect(estimateMs(checks, at)).toBe(ms));
});

describe('a budget', () => {
  const chosen = (checks: Chosen[], budget: number, at = pace()) => withinBudget(checks, budget, at).chosen.map(({ id }) => id);
  const long = check('LONG', 'B', true);
  test.each<[string, string[], number, Pace, string[]]>([
    ['that holds all', ['a', 'm', 'LONG'], 60_000, pace(), ['a', 'm', 'LONG']],
    ['too short for any', ['a', 'm'], 5_000, pace(), []],
    ['leaves out what costs most', ['a', 'm', 'LONG'], 15_000, pace(), ['a', 'm']],
    ['but not what failed before', ['x', 'LONG'], 11_500, pace({ LONG: { failures: 20 } }), ['LONG']],
    ['goes by what it took', ['x', 'LONG'], 16_000, pace({ LONG: { ms: 500, failures: 0 } }), ['x', 'LONG']],
    ['of two alike the graver', ['p', 'q'], 12_000, pace(), ['p']],
  ])('%s', (_, ids, budget, at, expected) => {
    const known: Record<string, Chosen> = { LONG: long, m: check('m', 'm'), p: check('p', 'B', true), q: check('q', 'm', true) };
    expect(
      chosen(
        ids.map((id) => known[id] ?? check(id)),
        budget,
        at,
      ),
    ).toEqual(expected);
  });

  it('is kept, loses no check, and keeps their order', () => {
    const one = fc.record({
      severity: fc.constantFrom<Severity>('B', 'M', 'm', 'A'),
      alone: fc.boolean(),
      ms: fc.option(fc.integer({ min: 1, max: 60_000 }), { nil: undefined }),
      failures: fc.nat(5),
    });
    fc.assert(
      fc.property(
        fc.array(one, { maxLength: 30 }),
        fc.integer({ min: 3_000, max: 300_000 }),
        fc.integer({ min: 1, max: 36 }),
        (all, budget, atOnce) => {
          const checks = all.map(({ severity, alone }, i) => check(`C-${i}`, severity, alone));
          const at = pace(Object.fromEntries(all.map((each, i) => [`C-${i}`, each])), atOnce);
          const { chosen: taken, leftOut } = withinBudget(checks, budget, at);
          expect(estimateMs(taken, at)).toBeLessThanOrEqual(budget);
          expect(taken).toEqual(checks.filter((each) => taken.includes(each)));
          expect([...taken, ...leftOut.map((each) => each.check)].map(({ id }) => id).sort()).toEqual(
            checks.map(({ id }) => id).sort(),
          );
          for (const { check: each } of leftOut) expect(estimateMs([...taken, each], at)).toBeGreaterThan(budget);
        },
      ),
    );
  });
});

describe('what failed earlier', () => {
  it('is named once, by its check or by the people of its check', () => {
    const of = (id: string, verdict: Verdict) => ({ id, verdict }) as CheckResult;
    const invariant = (cohort: string, verdict: Verdict) => ({ cohort, verdict }) as InvariantResult;
    const checks = [
      of('A-1', 'pass'),
      of('A-2', 'fail'),
      of('A-3', 'unstable'),
      of('A-4', 'harness-error'),
      of('A-5', 'untestable'),
    ];
    const invariants = [invariant('A-1/epic', 'fail'), invariant('A-2/epic', 'fail'), invariant('A-5/epic', 'pass')];
    expect(failedIn({ checks, invariants })).toEqual(['A-2', 'A-3', 'A-4', 'A-1']);
  });

  const judged = (verdict: Verdict): Judged => ({
    verdict,
    reason: 'r',
    message: '',
    findings: [],
    sites: [],
    cases: { of: 1, passed: 1 },
  });
  const earlier = (more: Partial<Earlier> = {}, verdict: Verdict = 'fail'): Earlier => ({
    ...{ run: 'then', seed: '1', runKey: 'k', digest: 'sha256:1' },
    checks: [{ id: 'A-1', requirement: 'R', verdict, reason: 'missing' }],
    ...more,
  });
  const now = { seed: '1', runKey: 'k', digest: 'sha256:1' };
  test.each<[string, Verdict, Earlier | undefined, typeof now, Verdict]>([
    ['passes now, and nothing else changed', 'pass', earlier(), now, 'unstable'],
    ['fails again', 'fail', earlier(), now, 'fail'],
    ['was not held to anything', 'pass', undefined, now, 'pass'],
    ['passed then', 'pass', earlier({}, 'pass'), now, 'pass'],
    ['was unstable then', 'pass', earlier({}, 'unstable'), now, 'unstable'],
    ['is another subject', 'pass', earlier(), { ...now, digest: 'sha256:2' }, 'pass'],
    [
      'is a subject that nobody can tell from another',
      'pass',
      earlier({ digest: undefined }),
      { ...now, digest: undefined! },
      'pass',
    ],
    ['had another stimulus', 'pass', earlier(), { ...now, seed: '2' }, 'pass'],
    ['happened to other people', 'pass', earlier(), { ...now, runKey: 'other' }, 'pass'],
    [
      'is held to another sentence by now',
      'pass',
      earlier({ checks: [{ ...earlier().checks[0]!, requirement: 'other' }] }),
      now,
      'pass',
    ],
  ])('%s', (_, verdict, before, terms, expected) => {
    const result = heldAgainst(judged(verdict), { id: 'A-1', requirement: 'R' }, { ...terms, earlier: before });
    expect(result.verdict).toBe(expected);
    if (expected === 'unstable') expect(result.message).toContain('run then (missing)');
  });
});
