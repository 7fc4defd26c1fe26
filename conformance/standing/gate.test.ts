import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CheckResult, Lack, LevelId, Standing } from '../result.ts';
import { type Before, GATE_KEYS, GateError, parseGate } from './gate.ts';

const lack = (what: string, kind: Lack['kind']): Lack => ({
  what,
  kind,
  why: kind === 'failed' ? 'failed: duplicate' : 'was not run',
});

function standingOf(level: LevelId | undefined, more: Partial<Standing> = {}, lacks: Lack[] = []): Standing {
  const names = ['Connected', 'Correct', 'Resilient', 'Race-proof'];
  const levels = (['L0', 'L1', 'L2', 'L3'] as const).map((id, i) => ({
    id,
    name: names[i]!,
    state: 'met' as const,
    must: { of: 1, passed: 1 },
    lacks: i === 1 ? lacks : [],
    beyond: [],
  }));
  const badge = (id: string, state: 'earned' | 'lacking' | 'none', of: Lack[] = []) =>
    ({ id, title: id, state, must: { of: 1, passed: 1 }, lacks: of }) as const;
  return {
    ...(level && { level, checksHold: level }),
    leftOut: 0,
    levels,
    badges: [badge('hl7v2', 'earned'), badge('consent', 'lacking', [lack('CN-01', 'failed')]), badge('bulk', 'none')],
    beside: [],
    ...more,
  };
}

const check = (id: string, verdict: CheckResult['verdict']): CheckResult => ({ id, verdict }) as CheckResult;
const seen = (
  standing: Standing,
  more: { coverage?: number; checks?: CheckResult[]; before?: Before; known?: string[] } = {},
) => ({
  standing,
  coverage: 100,
  checks: [],
  ...more,
});
const before: Before = { 'ID-01': 'pass', 'ID-02': 'pass', 'ID-03': 'fail' };

describe('what becomes of a gate', () => {
  it.each<[string, Parameters<ReturnType<typeof parseGate>['judge']>[0], 'yes' | 'no' | 'unknown', RegExp]>([
    ['level=L1', seen(standingOf('L1')), 'yes', /^level 1$/],
    ['level=L1', seen(standingOf('L3')), 'yes', /^level 3$/],
    ['level=L1', seen(standingOf('L0', {}, [lack('ID-01', 'failed')])), 'no', /^ID-01 failed: duplicate$/],
    ['level=L1', seen(standingOf('L0', {}, [lack('ID-01', 'unknown')])), 'unknown', /ID-01 was not run/],
    [
      'level=L1',
      seen(
        standingOf(
          'L0',
          {},
          ['a', 'b', 'c', 'd'].map((id) => lack(id, 'failed')),
        ),
      ),
      'no',
      /; and 1 more$/,
    ],
    ['level=L1', seen(standingOf(undefined, { withheld: 'the run was interrupted' })), 'unknown', /interrupted/],
    ['level=L2', seen(standingOf('L1', { checksHold: 'L3' })), 'unknown', /smaller size/],
    ['level=L2-ci', seen(standingOf('L1', { checksHold: 'L3' })), 'yes', /^level 3$/],
    ['badge=hl7v2', seen(standingOf('L1')), 'yes', /earned/],
    ['badge=consent', seen(standingOf('L1')), 'no', /CN-01 failed/],
    ['badge=bulk', seen(standingOf('L1')), 'no', /nothing of it applies/],
    ['coverage=100', seen(standingOf('L1')), 'yes', /^100 %$/],
    ['coverage=100', seen(standingOf('L1'), { coverage: 99 }), 'unknown', /^99 %$/],
    ['coverage=90', seen(standingOf('L1'), { coverage: 93 }), 'yes', /^93 %$/],
    ['latency=B', seen(standingOf('L1', { latency: { class: 'A', p95Ms: 900, by: ['LT-01'] } })), 'yes', /p95 900 ms, class A/],
    ['latency=A', seen(standingOf('L1', { latency: { class: 'B', p95Ms: 11_000, by: ['LT-01'] } })), 'no', /class B/],
    ['latency=C', seen(standingOf('L1', { latency: { p95Ms: 11_000, by: ['LT-01'] } })), 'no', /of no class/],
    ['latency=C', seen(standingOf('L1')), 'unknown', /nothing was measured/],
    ['regressions=0', seen(standingOf('L1'), { before, checks: [check('ID-01', 'pass'), check('ID-02', 'pass')] }), 'yes', /^0$/],
    [
      'regressions=0',
      seen(standingOf('L1'), { before, known: ['ID-01'], checks: [check('ID-01', 'fail'), check('ID-02', 'pass')] }),
      'yes',
      /^0, and ID-01 as known$/,
    ],
    [
      'regressions=0',
      seen(standingOf('L1'), { before, known: ['ID-01'], checks: [check('ID-01', 'fail'), check('ID-02', 'fail')] }),
      'no',
      /^1: ID-02 passed before, and ID-01 as known$/,
    ],
    [
      'regressions=0',
      seen(standingOf('L1'), { before, checks: [check('ID-01', 'fail'), check('ID-02', 'pass')] }),
      'no',
      /^1: ID-01/,
    ],
    ['regressions=1', seen(standingOf('L1'), { before, checks: [check('ID-01', 'fail'), check('ID-02', 'pass')] }), 'yes', /^1$/],
    [
      'regressions=0',
      seen(standingOf('L1'), { before, checks: [check('ID-01', 'untestable'), check('ID-02', 'pass')] }),
      'unknown',
      /ID-01/,
    ],
    ['regressions=0', seen(standingOf('L1'), { before, checks: [check('ID-01', 'pass')] }), 'unknown', /ID-02 passed before/],
    [
      'regressions=0',
      seen(standingOf(undefined, { leftOut: 9 }), { before, checks: [check('ID-01', 'pass')] }),
      'yes',
      /^0 of the 1 checks that were run$/,
    ],
    [
      'regressions=0',
      seen(standingOf(undefined, { leftOut: 9 }), { before, checks: [check('ID-01', 'fail')] }),
      'no',
      /^1: ID-01/,
    ],
    [
      'regressions=0',
      seen(standingOf('L1'), { before, checks: [check('ID-01', 'pass'), check('ID-02', 'pass'), check('ID-03', 'fail')] }),
      'yes',
      /^0$/,
    ],
    [
      'regressions=0',
      seen(standingOf('L1'), { before, checks: [check('ID-01', 'pass'), check('ID-02', 'not-applicable')] }),
      'yes',
      /^0$/,
    ],
  ])('%s: %#', (text, run, met, saw) => {
    const result = parseGate(text).judge(run);
    expect(result).toMatchObject({ asked: text, met, lines: [{ asked: text, met, saw: expect.stringMatching(saw) }] });
  });

  it('the worst line decides', () => {
    const run = seen(standingOf('L1'), { coverage: 93 });
    expect(parseGate('level=L1, coverage=90').judge(run).met).toBe('yes');
    expect(parseGate('level=L1,coverage=100').judge(run).met).toBe('unknown');
    expect(parseGate('coverage=100,badge=bulk').judge(run).met).toBe('no');
  });
});

describe('what cannot be read names the mistake and the nearest that there is', () => {
  it.each<[string, RegExp]>([
    ['', /there is no ""; there are level, badge, /],
    ['levle=L1', /there is no "levle"; did you mean level\?/],
    ['level', /level: takes one value, as in level=L1/],
    ['level=', /takes one value/],
    ['level=L1=2', /takes one value/],
    ['level=L4', /level=L4: .*L0, L1, L2, L2-ci, L3, L3-ci/],
    ['level=l1', /did you mean level=L1\?/],
    ['level=L1-ci', /did you mean/],
    ['badge=hl7v3', /did you mean badge=hl7v2\?/],
    ['latency=D', /latency=D: .*A, B, C/],
    ['coverage=101', /a whole number from 0 to 100/],
    ['coverage=most', /a whole number/],
    ['regressions=-1', /a whole number/],
    ['level=L1,,coverage=100', /there is no ""/],
  ])('%j', (text, says) => {
    expect(() => parseGate(text)).toThrow(GateError);
    expect(() => parseGate(text)).toThrow(says);
  });

  it('and is never anything else than a GateError', () => {
    const word = fc.constantFrom(...GATE_KEYS.map(({ key }) => key), 'L1', 'L2-ci', 'A', '0', '100', '=', ',', ' ', 'x');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word).map((words) => words.join('')),
        ),
        (text) => {
          try {
            expect(parseGate(text).judge(seen(standingOf('L1'))).lines.length).toBeGreaterThan(0);
          } catch (error) {
            expect(error).toBeInstanceOf(GateError);
          }
        },
      ),
    );
  });

  it('every example of its own can be read', () => {
    for (const { key, example } of GATE_KEYS) expect(parseGate(example).asked.startsWith(`${key}=`)).toBe(true);
  });
});

describe('what no such run can meet is said before it begins', () => {
  const ci = { size: 'ci', leftOut: 0, hasBefore: true } as const;
  it.each<[string, Parameters<ReturnType<typeof parseGate>['plan']>[0], RegExp | undefined]>([
    ['level=L1', ci, undefined],
    ['level=L2', ci, /level=L2: it needs --size full; L2-ci asks for its checks in this size/],
    ['level=L2', { ...ci, size: 'full' }, undefined],
    ['level=L2-ci', ci, undefined],
    ['level=L3', { ...ci, size: 'full' }, /a soak of one hour/],
    ['level=L3-ci', { ...ci, size: 'full' }, undefined],
    ['level=L0', { ...ci, leftOut: 3 }, /level=L0: a level needs every check, and 3 are left out/],
    ['badge=consent', { ...ci, leftOut: 3 }, /every check, and 3 are left out/],
    ['coverage=100', { ...ci, leftOut: 3 }, undefined],
    ['regressions=0', { ...ci, hasBefore: false }, /--against FOLDER/],
  ])('%s %j', (text, planned, says) => {
    const plan = () => parseGate(text).plan(planned);
    if (says) expect(plan).toThrow(says);
    else expect(plan).not.toThrow();
  });
});
