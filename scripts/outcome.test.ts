import { describe, expect, it } from 'vitest';
import { failedFiles, failureLines, tapOutcome, together, verdictOutcome, vitestOutcome, withAgain } from './outcome.ts';

const file = (status: string, ...tests: string[]) => ({
  name: 'a.test.ts',
  status,
  assertionResults: tests.map((test, index) => ({ fullName: `t${index}`, status: test })),
});

describe('what a step counts', () => {
  it.each([
    ['passes', [file('passed', 'passed', 'passed')], 0, { passed: 2, failed: 0, skipped: [] }],
    ['a failure', [file('failed', 'passed', 'failed')], 1, { passed: 1, failed: 1, skipped: [] }],
    ['a file that does not load', [file('failed'), file('passed', 'passed')], 1, { passed: 1, failed: 1, skipped: [] }],
    ['a skipped test, by name', [file('passed', 'passed', 'pending')], 0, { passed: 1, failed: 0, skipped: ['t1'] }],
    ['an unhandled error beside passing tests', [file('passed', 'passed')], 1, { passed: 1, failed: 1, skipped: [] }],
    ['nothing run, which is never green', [], 0, { passed: 0, failed: 1, skipped: [] }],
  ])('vitest: %s', (_, testResults, code, expected) => {
    expect(vitestOutcome({ testResults }, code)).toEqual(expected);
  });

  it.each([
    [
      'passes and a skip',
      'ok 1 - jsforce\nok 2 - salesforce # SKIP no Python\n# pass 1\n# fail 0\n# cancelled 0\n',
      0,
      { passed: 1, failed: 0, skipped: ['salesforce (no Python)'] },
    ],
    ['a failure', 'not ok 1 - jsforce\n# pass 0\n# fail 1\n', 1, { passed: 0, failed: 1, skipped: [] }],
    ['a crash before any test', 'SyntaxError', 1, { passed: 0, failed: 1, skipped: [] }],
  ])('tap: %s', (_, text, code, expected) => {
    expect(tapOutcome(text, code)).toEqual(expected);
  });

  it.each([
    ['the last line of its kind counts', '1 passed, 1 failed\n12 passed, 0 failed\n', 0, { passed: 12, failed: 0, skipped: [] }],
    [
      'what it says of its choice',
      'once more, one at a time: a b\nnot all mutants: 2 of 3\n2 passed, 0 failed\n',
      0,
      { passed: 2, failed: 0, skipped: [], notes: ['once more, one at a time: a b', 'not all mutants: 2 of 3'] },
    ],
    ['no such line', 'done', 0, { passed: 1, failed: 0, skipped: [] }],
    ['an exit code against the line', '12 passed, 0 failed', 5, { passed: 12, failed: 1, skipped: [] }],
  ])('ours: %s', (_, text, code, expected) => {
    expect(verdictOutcome(text, code)).toEqual(expected);
  });

  it('counts what came of a file that was run again, and the rest as it was', () => {
    const named = (name: string, ...tests: string[]) => ({
      ...file(tests.every((test) => test === 'passed') ? 'passed' : 'failed', ...tests),
      name,
    });
    const first = { testResults: [named('a', 'passed'), named('b', 'passed', 'failed'), named('c', 'failed')] };
    expect(failedFiles(first)).toEqual(['b', 'c']);
    const again = { testResults: [named('b', 'passed', 'passed'), named('c', 'failed')] };
    expect(vitestOutcome(withAgain(first, again), 1)).toEqual({ passed: 3, failed: 1, skipped: [] });
  });

  it('adds up what several files came to', () => {
    const outcomes = [
      { passed: 1, failed: 0, skipped: ['x'] },
      { passed: 2, failed: 1, skipped: [] },
    ];
    expect(together(outcomes)).toEqual({ passed: 3, failed: 1, skipped: ['x'] });
  });

  it('names what failed, wherever in a log it stands', () => {
    const log = [
      '✓ a fine one',
      '✗ a bad one',
      '   because',
      ...Array(20).fill('…'),
      'not ok 7 - another',
      ...Array(90).fill('…'),
    ];
    const lines = failureLines(log.join('\n'));
    expect(lines).toContain('✗ a bad one');
    expect(lines).toContain('   because');
    expect(lines).toContain('not ok 7 - another');
    expect(lines).not.toContain('✓ a fine one');
    expect(lines).toHaveLength(16);
  });
});
