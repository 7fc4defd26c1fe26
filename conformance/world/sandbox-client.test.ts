import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSandbox } from '#sandbox';
import { systemClock } from '#simulators';
import { Facts } from '../facts/facts.ts';
import { SandboxClient } from './sandbox-client.ts';

// Two processes as far as the control API knows: each has its own kernel, and calls its first gate gate-1.
let parts: Awaited<ReturnType<typeof startSandbox>>[];
let client: SandboxClient;
const facts = new Facts();
const listening = new AbortController();

beforeAll(async () => {
  const one = (process: string, only: string[]) =>
    startSandbox({
      process,
      parts: only,
      sites: [{ name: 'epic', vendor: 'epic', authority: '1.2.3', timeZone: 'America/New_York' }],
      crm: {},
    });
  parts = await Promise.all([one('hospital', ['epic']), one('office', ['crm'])]);
  client = new SandboxClient(parts.map(({ controlUrl }) => controlUrl));
  await client.connect();
  void client.follow(
    (event) => facts.ingest(event),
    listening.signal,
    (ms) => systemClock.sleep(ms, listening.signal),
  );
});
afterAll(async () => {
  listening.abort();
  client.close();
  await Promise.all(parts.map((part) => part.stop()));
});

const until = async (holds: () => boolean): Promise<void> => {
  for (let n = 0; !holds() && n < 1_000; n++) await systemClock.sleep(5);
  expect(holds()).toBe(true);
};
const held = () => [...facts.gated.values()].filter(({ by }) => by === undefined).map(({ id }) => id);

test('gates of several processes are held and let go as one, in one order', async () => {
  await client.arm({ id: 'both', fault: 'gate', params: { at: 'request', deadlineMs: 0 } });
  const order: string[] = [];
  const call = async (part: string, address: string, path: string) => {
    await fetch(`${client.parts.find(({ name }) => name === part)!.addresses[address]}${path}`);
    order.push(part);
  };
  const calls = [call('epic', 'fhir', '/metadata'), call('crm', 'login', '/services/data')];
  await until(() => held().length === 2);
  expect(held().sort()).toEqual(['hospital:gate-1', 'office:gate-1']);

  await client.release('office', 'gate-1', 1_000);
  await calls[1];
  await until(() => held().length === 1);
  expect([order, held()]).toEqual([['crm'], ['hospital:gate-1']]);

  await client.release('hospital', 'gate-1', 1_000);
  await Promise.all(calls);
  expect(order).toEqual(['crm', 'epic']);
  await client.heal('both');
  for (const process of client.processes) expect(await process.rules()).toEqual([]);
});

test('who is no longer held has gone on: to let it go is no mistake', async () => {
  await expect(client.release('office', 'gate-99', 10)).resolves.toBeUndefined();
});
