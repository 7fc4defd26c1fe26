import { expect, test } from 'vitest';
import { TurnEnd } from './turn-end.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('in order, at the end of the turn, what comes meanwhile at the end of the next', async () => {
  const done: number[] = [];
  const end = new TurnEnd<number>((n) => {
    done.push(n);
    if (n < 3) end.add(n + 10);
  });
  end.add(1);
  end.add(2);
  await Promise.resolve();
  expect(done).toEqual([]);
  await turn();
  expect(done).toEqual([1, 2]);
  await turn();
  expect(done).toEqual([1, 2, 11, 12]);
});
