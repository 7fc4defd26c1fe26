import { expect, test } from 'vitest';
import { chaos } from './run.ts';

// A minute of it is `npm run chaos`; here it must only be seen to work.
test('a few seconds of every fault break no invariant', async () => {
  const result = await chaos({ seconds: 4, seed: 'npm test', rules: 8, ruleMs: 300 });
  expect(result.violations).toEqual([]);
  expect(result.refused).toEqual([]);
  expect(result.acknowledged).toBeGreaterThan(50);
  expect(result.hits.size).toBeGreaterThan(20);
});
