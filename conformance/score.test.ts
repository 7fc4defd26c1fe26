import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CheckResult, type Severity, VERDICTS, type Verdict } from './result.ts';
import { rollUp, score } from './score.ts';

const check = (verdict: Verdict, severity: Severity = 'B', group = 'identity', cases = { of: 1, passed: 0 }): CheckResult =>
  ({ id: 'ID-01', verdict, severity, group, level: 1, cases }) as CheckResult;
const scored = (checks: CheckResult[]) => score(checks);

describe('roll-up', () => {
  it('has one order', () => {
    expect(VERDICTS).toEqual(['harness-error', 'fail', 'unstable', 'untestable', 'pass', 'attested', 'not-applicable']);
  });

  it.each<[Verdict[], Verdict]>([
    [[], 'pass'],
    [['pass', 'not-applicable'], 'pass'],
    [['attested', 'not-applicable'], 'attested'],
    [['pass', 'attested'], 'pass'],
    [['pass', 'untestable'], 'untestable'],
    [['untestable', 'unstable'], 'unstable'],
    [['unstable', 'fail', 'pass'], 'fail'],
    [['fail', 'harness-error'], 'harness-error'],
  ])('%j is %s', (verdicts, expected) => {
    expect(rollUp(verdicts)).toBe(expected);
  });

  const verdicts = fc.array(fc.constantFrom(...VERDICTS));
  it('neither order nor repetition matters, and it can be done in parts', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...VERDICTS), { minLength: 1 }),
        fc.array(fc.constantFrom(...VERDICTS), { minLength: 1 }),
        (a, b) => {
          expect(rollUp([...b, ...a, ...a])).toBe(rollUp([rollUp(a), rollUp(b)]));
        },
      ),
    );
    fc.assert(fc.property(verdicts, (list) => list.length === 0 || list.includes(rollUp(list))));
  });
});

describe('score', () => {
  it.each<[string, CheckResult[], Record<string, number>, number]>([
    ['nothing', [], {}, 0],
    ['what does not apply', [check('not-applicable')], {}, 0],
    ['a pass', [check('pass')], { correctness: 100 }, 100],
    ['weights 8, 4, 2, 0', [check('pass'), check('fail', 'M'), check('fail', 'm'), check('fail', 'A')], { correctness: 57 }, 57],
    ['what is untestable scores nothing', [check('pass'), check('untestable')], { correctness: 50 }, 50],
    [
      'a failed blocker caps its dimension at 49',
      [check('pass'), check('pass'), check('pass'), check('fail')],
      { correctness: 49 },
      49,
    ],
    ['a failed major does not', [check('pass'), check('pass'), check('pass'), check('fail', 'M')], { correctness: 85 }, 85],
    [
      'only its own dimension is capped, and the weakest of the core counts',
      [check('pass', 'B', 'idempotency'), check('pass', 'B', 'idempotency'), check('fail', 'B', 'idempotency'), check('pass')],
      { idempotency: 49, correctness: 100 },
      49,
    ],
    ['the rest stands apart', [check('pass'), check('fail', 'B', 'ordering')], { correctness: 100, ordering: 0 }, 100],
    [
      'a failed major is worth its sub-cases that hold',
      [check('fail', 'M', 'identity', { of: 4, passed: 3 })],
      { correctness: 75 },
      75,
    ],
    ['a failed blocker is, up to the cap', [check('fail', 'B', 'identity', { of: 4, passed: 3 })], { correctness: 49 }, 49],
    ['what is untestable has no sub-cases', [check('untestable', 'M', 'identity', { of: 4, passed: 3 })], { correctness: 0 }, 0],
    ['an error of ours takes nothing away', [check('pass'), check('harness-error')], { correctness: 100 }, 100],
    ['and adds nothing', [check('fail', 'M'), check('harness-error')], { correctness: 0 }, 0],
    ['alone, it says nothing', [check('harness-error')], {}, 0],
    ['100 is said only of the whole', [...Array(200).fill(check('pass')), check('untestable', 'm')], { correctness: 99 }, 99],
  ])('%s', (_, checks, dimensions, overall) => {
    expect(scored(checks).score).toEqual({ overall, dimensions });
  });

  it.each([
    ['identity', 'correctness'],
    ['hl7v2', 'correctness'],
    ['idempotency', 'idempotency'],
    ['ordering', 'ordering'],
    ['resilience', 'resilience'],
    ['volume', 'resilience'],
    ['reconciliation', 'resilience'],
    ['security', 'security'],
    ['latency', 'latency'],
  ])('the group %s counts to %s', (group, dimension) => {
    expect(Object.keys(scored([check('pass', 'B', group)]).score.dimensions)).toEqual([dimension]);
  });

  const checks = fc.array(
    fc
      .tuple(
        fc.constantFrom(...VERDICTS),
        fc.constantFrom<Severity>('B', 'M', 'm'),
        fc.constantFrom('identity', 'idempotency', 'volume'),
      )
      .map(([verdict, severity, group]) => check(verdict, severity, group)),
    { maxLength: 12 },
  );

  it('stays between 0 and 100, is 100 only for passes alone, and never rises when a pass turns into a failure', () => {
    fc.assert(
      fc.property(checks, (list) => {
        const { score: before, coverage } = scored(list);
        for (const value of [before.overall, coverage, ...Object.values(before.dimensions)]) {
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(100);
        }
        const clean = list.every(({ verdict }) => ['pass', 'not-applicable', 'harness-error'].includes(verdict));
        expect(Object.values(before.dimensions).every((value) => value === 100)).toBe(clean);
        const worse = list.map((one) => (one.verdict === 'pass' ? { ...one, verdict: 'fail' as const } : one));
        const after = scored(worse).score;
        for (const [name, value] of Object.entries(after.dimensions)) expect(value).toBeLessThanOrEqual(before.dimensions[name]!);
      }),
    );
  });

  it('is the same with and without the errors of ours', () => {
    fc.assert(
      fc.property(checks, (list) => {
        expect(scored(list).score).toEqual(scored(list.filter(({ verdict }) => verdict !== 'harness-error')).score);
      }),
    );
  });

  it('does not hang on the order of the checks', () => {
    fc.assert(
      fc.property(checks, (list) => {
        expect(scored(list.toReversed())).toEqual(scored(list));
      }),
    );
  });

  it('counts every check once', () => {
    fc.assert(
      fc.property(checks, (list) => {
        const { counts } = scored(list);
        expect(Object.values(counts).reduce((sum, n) => sum + n, 0)).toBe(list.length);
      }),
    );
  });
});

describe('coverage', () => {
  it.each<[string, CheckResult[], number]>([
    ['nothing', [], 0],
    ['witnessed: pass, fail, unstable', [check('pass'), check('fail'), check('unstable')], 100],
    [
      'not: untestable, attested, harness-error',
      [check('pass'), check('untestable'), check('attested'), check('harness-error')],
      25,
    ],
    ['by weight', [check('pass'), check('untestable', 'm')], 80],
    ['what does not apply is left out', [check('pass'), check('not-applicable')], 100],
    ['100 only for all', [...Array(200).fill(check('pass')), check('untestable', 'm')], 99],
  ])('%s', (_, checks, expected) => {
    expect(scored(checks).coverage).toBe(expected);
  });
});
