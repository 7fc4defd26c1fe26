import type { Verdict } from '#conformance';
import { defineReport } from './definition.ts';
import { elapsed } from './words.ts';

const STATUS: Record<Verdict, 'passed' | 'failed' | 'skipped' | 'other'> = {
  pass: 'passed',
  fail: 'failed',
  unstable: 'failed',
  untestable: 'skipped',
  'not-applicable': 'skipped',
  'harness-error': 'other',
  attested: 'other',
};

/** Common Test Report Format (github.com/ctrf-io/ctrf); checks only, so that its counts are those of the scorecard. */
export const ctrf = defineReport({
  name: 'ctrf',
  file: 'report.ctrf.json',
  doc: 'Common Test Report Format, for dashboards and bots.',
  render({ result }) {
    const tests = result.checks.map((check) => ({
      name: `${check.id} ${check.title}`,
      status: STATUS[check.verdict],
      duration: Math.round(check.durationMs),
      suite: [check.group],
      ...(check.verdict === 'pass' ? {} : { message: `${check.reason}: ${check.message}` }),
      rawStatus: check.verdict,
      tags: [`severity:${check.severity}`, `level:${check.level}`, ...(check.known ? ['known'] : [])],
      extra: { reason: check.reason, replay: check.replay },
    }));
    const count = (status: string): number => tests.filter((test) => test.status === status).length;
    const start = Date.parse(result.startedAt) || 0;
    const summary = {
      tests: tests.length,
      passed: count('passed'),
      failed: count('failed'),
      skipped: count('skipped'),
      pending: 0,
      other: count('other'),
      start,
      stop: start + elapsed(result),
      extra: {
        level: result.level,
        badges: result.standing.badges.filter(({ state }) => state === 'earned').map(({ id }) => id),
        ...(result.gate && { gate: result.gate }),
        score: result.score.overall,
        coverage: result.coverage,
        seed: result.seed,
      },
    };
    const document = { reportFormat: 'CTRF', specVersion: '0.0.0', generatedBy: 'syncproof' };
    return `${JSON.stringify({ ...document, results: { tool: { name: 'syncproof' }, summary, tests } }, null, 2)}\n`;
  },
});
