import { expect, it } from 'vitest';
import { judgeLimits, limitProblem, type Measured, tightest } from './limits.ts';

const measured: Measured = {
  latency: {
    ...{ samples: 100, superseded: 0, never: 2, unchanged: 0, p50: { micros: 20_000 }, p95: { micros: 900_000 } },
    ...{ p99: { micros: 5_000_000, atLeast: true }, max: { micros: 6_000_000, atLeast: true } },
  },
  late: 3,
  syncWindowMs: 4000,
};

it.each<[name: string, limit: string, actual: string, met: boolean]>([
  ['p50', '20ms', '20 ms', true],
  ['p50', '19ms', '20 ms', false],
  ['p95', 'window', '900 ms', true],
  // Nobody knows how long it would have been.
  ['p99', '60s', '> 5.00 s', false],
  ['never', '1', '2', false],
  ['never', '2', '2', true],
  ['late', '2', '3', false],
  ['growth', '10', 'not measured', true],
])('%s at most %s', (name, limit, actual, met) => {
  expect(judgeLimits({ [name]: limit }, measured)).toEqual([{ name, limit: limit === 'window' ? '4s' : limit, actual, met }]);
});

it('what was not seen at all meets no limit of time', () => {
  const nothing = { ...measured, latency: { samples: 0, superseded: 0, never: 0, unchanged: 0 } };
  expect(judgeLimits({ p99: '1s' }, nothing)).toMatchObject([{ actual: '-', met: false }]);
});

it.each<[limits: Record<string, string>, ms: number]>([
  [{}, 4000],
  [{ p99: '1s', p50: '200ms' }, 200],
  [{ p99: '60s' }, 60_000],
  [{ never: '0' }, 4000],
])('the tightest of %j', (limits, ms) => {
  expect(tightest(limits, 4000)).toBe(ms);
});

it.each<[name: string, text: string, problem: RegExp | undefined]>([
  ['p99', '1s', undefined],
  ['p99', 'window', undefined],
  ['p99', '1', /must be a time/],
  ['never', '0', undefined],
  ['never', '-1', /must be a number/],
  ['toString', '1', /there is no limit toString/],
])('%s=%s', (name, text, problem) => {
  if (problem) expect(limitProblem(name, text)).toMatch(problem);
  else expect(limitProblem(name, text)).toBeUndefined();
});
