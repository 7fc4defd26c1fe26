import { expect, test } from 'vitest';
import { openLanes } from './lanes.ts';

const turns = async (): Promise<void> => {
  for (let n = 0; n < 20; n++) await Promise.resolve();
};

test('what happens now goes before what can wait, and nothing is done twice', async () => {
  const done: string[] = [];
  const held: (() => void)[] = [];
  const lanes = openLanes(1, (key) => {
    done.push(key);
    return new Promise((resolve) => held.push(resolve));
  });
  lanes.wake(['a', 'b', 'c', 'd']);
  lanes.wake(['c'], true);
  // What is urgent stays so when it is told of again by the way.
  lanes.wake(['c']);
  for (let n = 0; n < 5; n++) {
    await turns();
    held.shift()?.();
  }
  await turns();
  expect(done).toEqual(['a', 'c', 'b', 'd']);
});
