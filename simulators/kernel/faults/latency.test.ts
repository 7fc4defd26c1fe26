import { describe, expect, test } from 'vitest';
import { defaultsOf, type Exchange, type FaultTools } from '../hooks.ts';
import { Random } from '../random.ts';
import { latency } from './latency.ts';

const MANY = 4000;

/** The delays that so many exchanges suffer, sorted. */
async function delays(params: Record<string, unknown>): Promise<number[]> {
  const slept: number[] = [];
  const clock = { sleep: async (ms: number) => void slept.push(ms) } as unknown as FaultTools['clock'];
  for (let n = 0; n < MANY; n++) {
    const tools = { clock, random: new Random(`draw ${n}`) } as unknown as FaultTools;
    await latency.hooks.request!({} as Exchange, { ...defaultsOf(latency), ...params }, tools);
  }
  return slept.sort((a, b) => a - b);
}

const at = (sorted: number[], share: number): number => sorted[Math.floor(sorted.length * share)] ?? sorted.at(-1)!;

describe('how delays are spread', () => {
  // The share of delays, and between which milliseconds it lies.
  test.each<[string, Record<string, unknown>, [number, number, number][]]>([
    [
      'fixed',
      { ms: 50 },
      [
        [0, 50, 50],
        [0.999, 50, 50],
      ],
    ],
    [
      'with jitter',
      { ms: 50, jitter: 20 },
      [
        [0, 50, 50.1],
        [0.5, 59, 61],
        [0.999, 69, 70],
      ],
    ],
    // The median of Pareto's is ms times 2^(1/shape), its 99th percentile ms times 100^(1/shape).
    [
      'with the tail of Pareto',
      { ms: 50, tail: 'pareto', shape: 1 },
      [
        [0, 50, 51],
        [0.5, 93, 107],
        [0.99, 3500, 7500],
      ],
    ],
    [
      'with a lighter one',
      { ms: 50, tail: 'pareto', shape: 4 },
      [
        [0.5, 58, 61],
        [0.99, 145, 175],
      ],
    ],
    [
      'with that of a lognormal',
      { ms: 50, tail: 'lognormal', shape: 1 },
      [
        [0.5, 47, 53],
        [0.99, 420, 600],
      ],
    ],
    ['never longer than ten minutes', { ms: 600_000, tail: 'pareto', shape: 0.1 }, [[0.999, 600_000, 600_000]]],
  ])('%s', async (_, params, expected) => {
    const sorted = await delays(params);
    expect(sorted).toHaveLength(MANY);
    for (const [share, least, most] of expected) {
      expect(at(sorted, share)).toBeGreaterThanOrEqual(least);
      expect(at(sorted, share)).toBeLessThanOrEqual(most);
    }
  });
});
