import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Ending, exitCode } from './exit-code.ts';
import { type GateResult, VERDICTS, type Verdict } from './result.ts';

const ending = (verdicts: Verdict[], more: Partial<Ending> = {}): Ending => ({
  status: 'finished',
  verdicts,
  witnessed: verdicts.filter((one) => ['pass', 'fail', 'unstable'].includes(one)).length,
  tampered: false,
  defects: 0,
  ...more,
});
const gate = (met: GateResult['met']): { gate: GateResult } => ({ gate: { asked: 'level=L1', met, lines: [] } });

describe('exit code', () => {
  it.each<[string, Verdict[], Partial<Ending>, number]>([
    ['all pass', ['pass', 'pass'], {}, 0],
    ['some do not apply', ['pass', 'not-applicable'], {}, 0],
    ['some are untestable', ['pass', 'untestable'], {}, 0],
    ['one fails', ['pass', 'fail'], {}, 1],
    ['one is unstable', ['pass', 'unstable'], {}, 1],
    ['the control API was called by the subject', ['pass'], { tampered: true }, 1],
    ['none ran', [], {}, 3],
    ['none applies', ['not-applicable'], {}, 3],
    ['all are untestable', ['untestable', 'not-applicable'], {}, 3],
    ['all are attested', ['attested'], {}, 3],
    ['interrupted', ['pass'], { status: 'interrupted' }, 3],
    ['interrupted, after a failure', ['pass', 'fail'], { status: 'interrupted' }, 1],
    ['a check of ours broke', ['pass', 'harness-error', 'fail'], {}, 5],
    ['the sandbox broke', ['pass'], { defects: 1 }, 5],
    ['the sandbox broke, and all else is bad too', ['fail'], { defects: 1, tampered: true, status: 'interrupted' }, 5],
    ['a gate is met', ['pass'], gate('yes'), 0],
    ['a gate is met, and something that it does not ask for fails', ['pass', 'fail'], gate('yes'), 0],
    ['a gate is not met', ['pass'], gate('no'), 1],
    ['a gate needs what could not be judged', ['pass', 'untestable'], gate('unknown'), 3],
    ['a gate is not met, and the run was interrupted', ['pass'], { ...gate('no'), status: 'interrupted' }, 1],
    ['a gate is met as far as the run went', ['pass'], { ...gate('yes'), status: 'interrupted' }, 3],
    ['a gate is met, and the control API was called', ['pass'], { ...gate('yes'), tampered: true }, 1],
    ['a gate is met, and a check of ours broke', ['pass', 'harness-error'], gate('yes'), 5],
    ['a known failure passes', ['pass'], { stale: true }, 4],
    ['a known failure passes, and a new one is there', ['pass', 'fail'], { stale: true }, 1],
    ['a known failure passes, and the run was interrupted', ['pass'], { stale: true, status: 'interrupted' }, 3],
    ['a gate is met by nothing', [], gate('yes'), 3],
  ])('%s', (_, verdicts, more, expected) => {
    expect(exitCode(ending(verdicts, more))).toBe(expected);
  });

  it('is 0 only where something was witnessed and nothing that counts was wrong', () => {
    const verdicts = fc.array(fc.constantFrom(...VERDICTS), { maxLength: 8 });
    const met = fc.option(fc.constantFrom<GateResult['met']>('yes', 'no', 'unknown'), { nil: undefined });
    fc.assert(
      fc.property(verdicts, met, fc.boolean(), fc.boolean(), fc.nat(1), (list, asked, tampered, interrupted, defects) => {
        const status = interrupted ? 'interrupted' : 'finished';
        const end = ending(list, { status, tampered, defects, ...(asked && gate(asked)) });
        const ours = defects > 0 || list.includes('harness-error');
        const bad = asked ? asked !== 'yes' : list.includes('fail') || list.includes('unstable');
        expect(exitCode(end) === 0).toBe(!ours && !bad && !tampered && !interrupted && end.witnessed > 0);
        expect(exitCode(end) === 5).toBe(ours);
      }),
    );
  });
});
