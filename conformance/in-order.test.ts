import { expect, it } from 'vitest';
import { CHECKS } from './checks/index.ts';
import { inOrder } from './in-order.ts';

const alone = CHECKS.filter((check) => check.alone);
const last = (size: 'ci' | 'full', n: number): string[] =>
  inOrder(alone, size)
    .slice(-n)
    .map(({ id }) => id);

it('nobody comes after a crowd that he does not have to come after', () => {
  expect(last('full', 2)).toEqual(['BV-02', 'BV-05']);
  expect(last('ci', 1)).toEqual(['BV-02']);
  for (const size of ['ci', 'full'] as const) {
    const ids = inOrder(alone, size).map(({ id }) => id);
    expect(ids.indexOf('OR-06')).toBeGreaterThan(ids.indexOf('SE-08'));
    expect(ids.indexOf('OR-06')).toBeGreaterThan(ids.indexOf('RS-09'));
    expect(ids.indexOf('BV-02')).toBeGreaterThan(ids.indexOf('OR-06'));
  }
});

it('the others stay as they are', () => {
  const few = alone.filter(({ group, leaves: many }) => group !== 'volume' && !many);
  expect(inOrder(few, 'full')).toEqual(few);
});
