import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHECKS } from './checks/index.ts';
import { type CheckResult, type InvariantResult, type RunResult, type Severity, VERDICTS, type Verdict } from './result.ts';
import { rollUp, score } from './score.ts';

const check = (verdict: Verdict, severity: Severity = 'B', group = 'identity', level: 1 | 2 | 3 = 1): CheckResult =>
  ({ id: 'ID-01', verdict, severity, group, level }) as CheckResult;
const invariant = (verdict: Verdict): InvariantResult => ({ id: 'G1', title: '', cohort: '', verdict, findings: [] });
const finished = { status: 'finished' as RunResult['status'], tampered: false, defects: 0 };
const scored = (checks: CheckResult[], invariants: InvariantResult[] = [], ended = finished) => score(checks, invariants, ended);

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

describe('exit code', () => {
  it.each<[string, Verdict[], Verdict[], Partial<typeof finished>, number]>([
    ['all pass', ['pass', 'pass'], ['pass'], {}, 0],
    ['some do not apply', ['pass', 'not-applicable'], [], {}, 0],
    ['some are untestable', ['pass', 'untestable'], [], {}, 0],
    ['one fails', ['pass', 'fail'], [], {}, 1],
    ['one is unstable', ['pass', 'unstable'], [], {}, 1],
    ['an invariant fails', ['pass'], ['fail'], {}, 1],
    ['the control API was called by the subject', ['pass'], [], { tampered: true }, 1],
    ['none ran', [], [], {}, 3],
    ['none applies', ['not-applicable'], [], {}, 3],
    ['all are untestable', ['untestable', 'not-applicable'], ['pass'], {}, 3],
    ['all are attested', ['attested'], [], {}, 3],
    ['interrupted', ['pass'], ['pass'], { status: 'interrupted' }, 3],
    ['interrupted, after a failure', ['pass', 'fail'], [], { status: 'interrupted' }, 1],
    ['a check of ours broke', ['pass', 'harness-error', 'fail'], [], {}, 5],
    ['an invariant could not be judged', ['pass'], ['harness-error'], {}, 5],
    ['the sandbox broke', ['pass'], [], { defects: 1 }, 5],
    ['the sandbox broke, and all else is bad too', ['fail'], [], { defects: 1, tampered: true, status: 'interrupted' }, 5],
  ])('%s', (_, checks, invariants, ended, expected) => {
    const result = scored(
      checks.map((v) => check(v)),
      invariants.map(invariant),
      { ...finished, ...ended },
    );
    expect(result.exitCode).toBe(expected);
  });

  it('is 0 only where something was witnessed and nothing was wrong', () => {
    const any = fc.array(fc.constantFrom(...VERDICTS), { maxLength: 8 });
    fc.assert(
      fc.property(any, any, fc.boolean(), fc.boolean(), fc.nat(1), (checks, invariants, tampered, interrupted, defects) => {
        const status = interrupted ? 'interrupted' : 'finished';
        const { exitCode } = scored(
          checks.map((v) => check(v)),
          invariants.map(invariant),
          { status, tampered, defects },
        );
        const bad = [...checks, ...invariants].some((v) => ['fail', 'unstable', 'harness-error'].includes(v));
        expect(exitCode === 0).toBe(checks.includes('pass') && !bad && !tampered && !interrupted && defects === 0);
      }),
    );
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
        const clean = list.every(({ verdict }) => verdict === 'pass' || verdict === 'not-applicable');
        expect(Object.values(before.dimensions).every((value) => value === 100)).toBe(clean);
        const worse = list.map((one) => (one.verdict === 'pass' ? { ...one, verdict: 'fail' as const } : one));
        const after = scored(worse).score;
        for (const [name, value] of Object.entries(after.dimensions)) expect(value).toBeLessThanOrEqual(before.dimensions[name]!);
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

describe('level', () => {
  it('is never printed while checks are missing: it says how many blockers there are and pass', () => {
    expect(scored([check('pass'), check('fail'), check('pass', 'M'), check('pass', 'B', 'identity', 2)]).level).toBe(
      'level 1: 2 of 35 blockers exist, 1 of them pass',
    );
    const all = CHECKS.map(({ severity, group, level }) => check('pass', severity, group, level));
    expect(scored(all).level).toBe('level 1: 35 of the 35 blockers that apply pass; levels are awarded when the suite is whole');
    const at = all.findIndex(({ severity, level }) => severity === 'B' && level === 1);
    expect(scored(all.with(at, { ...all[at]!, verdict: 'not-applicable' })).level).toContain(
      '34 of the 34 blockers that apply pass',
    );
  });
});
