import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LEASE_MS, takeTurns } from './lease.ts';
import type { Machine } from './model.ts';
import { openStore } from './store.ts';

const folder = () => mkdtempSync(join(tmpdir(), 'lease-'));

test('one of two holds the lease, for as long as it says so; after that anybody may', () => {
  const at = folder();
  const [one, two] = [openStore(at, 'kill'), openStore(at, 'kill')];
  expect(one.takeLease('0', 1_000, LEASE_MS)).toBe(true);
  expect(two.takeLease('1', 1_001, LEASE_MS)).toBe(false);
  expect(one.takeLease('0', 2_000, LEASE_MS)).toBe(true);
  expect(two.takeLease('1', 1_000 + LEASE_MS + 1, LEASE_MS)).toBe(false);
  expect(two.takeLease('1', 2_000 + LEASE_MS + 1, LEASE_MS)).toBe(true);
  expect(one.takeLease('0', 2_000 + LEASE_MS + 2, LEASE_MS)).toBe(false);
  one.close();
  two.close();
});

test('an instance that starts again has its own lease back at once', () => {
  const store = openStore(folder(), 'kill');
  store.takeLease('0', 1_000, LEASE_MS);
  expect(store.takeLease('0', 1_001, LEASE_MS)).toBe(true);
  store.close();
});

test('work begins with the lease, ends when it is lost, and begins again', async () => {
  const store = openStore(folder(), 'kill');
  const did: string[] = [];
  const held = [false, true, true, false, true];
  const ending = new AbortController();
  let round = 0;
  const sleep = async () => {
    round += 1;
    if (round === held.length) ending.abort();
  };
  const machine = { now: () => 0, sleep } as unknown as Machine;
  const begin = () => {
    did.push('begin');
    return { stop: async () => void did.push('end') };
  };
  await takeTurns(() => held[round]!, begin, { store, machine, instance: '0', stop: ending.signal });
  expect(did).toEqual(['begin', 'end', 'begin', 'end']);
  store.close();
});
