import { expect, test } from 'vitest';
import { openStore } from './store.ts';

/** Milliseconds that it takes to look into an inbox that has seen so many messages, again and again. */
function looking(seen: number): number {
  const store = openStore(':memory:');
  store.transaction(() => {
    for (let n = 0; n < seen; n++) store.keepMessage('north', 'EPIC^NORTH', String(n), `message ${n}`);
  });
  const [last] = store.waitingMessages('north').slice(-1);
  store.transaction(() => {
    for (const { id } of store.waitingMessages('north')) if (id !== last!.id) store.closeMessage(id, 'applied');
  });
  const began = process.cpuUsage();
  for (let n = 0; n < 500; n++) expect(store.waitingMessages('north')).toHaveLength(1);
  const { user, system } = process.cpuUsage(began);
  store.close();
  return (user + system) / 1000;
}

test('what was applied long ago costs no look into the inbox', () => {
  looking(100);
  expect(looking(10_000)).toBeLessThan(10 * looking(100) + 20);
});
