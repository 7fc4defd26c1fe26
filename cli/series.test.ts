import { expect, it } from 'vitest';
import { eachAtOnce } from '#conformance';
import { overSeeds } from './series.ts';

it('works on everything once, so many at a time', async () => {
  let now = 0;
  let most = 0;
  const done: number[] = [];
  await eachAtOnce([1, 2, 3, 4, 5], 2, async (n) => {
    most = Math.max(most, ++now);
    await Promise.resolve();
    done.push(n);
    now -= 1;
  });
  expect([most, done.sort()]).toEqual([2, [1, 2, 3, 4, 5]]);
});

it.each(['0', '-1', '1.5', 'many'])('does not take %s for a number of seeds', async (seeds) => {
  await expect(overSeeds({ seeds, at: '1' })).rejects.toThrow(`--seeds ${seeds}`);
});

it('takes only a time for a window', async () => {
  await expect(overSeeds({ seeds: '1', at: '1', window: 'long' })).rejects.toThrow('--window long');
});
