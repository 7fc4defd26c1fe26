import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { reasonAgainst } from '#kernel';
import { FAULTS } from '#sandbox';
import { type Client, clientsOf } from './clients.ts';
import { paramsOf } from './mix.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let clients: Client[];
beforeAll(async () => {
  world = await openWorld('healing');
  clients = clientsOf(world).filter(({ name }) => !name.startsWith('second'));
});
afterAll(async () => {
  for (const client of clients) client.close();
  await world.close();
});

/** What is not undone for calls that were hit, and why. */
const LASTING: Readonly<Record<string, string>> = {
  forgotten: 'a connection that the server forgot stays forgotten: its client finds out by itself',
};

/** Calls that were taken and neither answered nor cut off. */
function unanswered(after: number): number[] {
  const events = world.kernel.journal.read({ after, limit: 100_000 });
  const answered = new Set(events.flatMap(({ kind, cause }) => (kind === 'reply' ? cause : [])));
  return events.flatMap(({ kind, seq }) => (kind === 'request' && !answered.has(seq) ? seq : []));
}

const queued = async (site: string): Promise<number> => {
  const reply = await fetch(`${world.sandbox.controlUrl}/v1/sites/${site}/link`);
  return ((await reply.json()) as { queued: number }).queued;
};

// The first call may find out that its connection or its token is gone.
async function soon(client: Client): Promise<boolean> {
  for (let n = 0; n < 4; n++) if ((await client.once()).ok) return true;
  return false;
}

test.each(FAULTS.map((fault) => [fault.name, fault] as const))('%s is undone by healing', async (_, fault) => {
  const { kernel, places } = world;
  const able = kernel.places.list().filter((place) => reasonAgainst(fault, place) === undefined);
  expect(able.length, 'there is a place that can suffer it').toBeGreaterThan(0);
  const before = kernel.journal.head;
  const random = kernel.random.fork(fault.name);
  for (const place of able) {
    // Longer than anybody here waits: what goes on was healed, and did not run out.
    const long = Object.keys(fault.params).filter((name) => name === 'ms' || name === 'deadlineMs');
    const params = { ...paramsOf(fault, place, random), ...Object.fromEntries(long.map((name) => [name, 60_000])) };
    kernel.rules.arm({ fault: fault.name, where: { sim: place.sim, tenant: place.tenant }, params });
  }
  await kernel.rules.effective();
  const calls = clients.map((client) => client.once());
  await kernel.clock.sleep(50);
  kernel.rules.heal();
  const healed = kernel.clock.now();

  // Nobody waits for the end of a time-out, of a delay or of a hold: those are seconds away.
  if (!LASTING[fault.name]) await vi.waitFor(() => expect(unanswered(before)).toEqual([]), { timeout: 1200, interval: 20 });
  expect(kernel.gates.list()).toEqual([]);
  await Promise.all(calls);
  const served = clients.filter(({ name }) => !name.startsWith('subscriber'));
  expect(await Promise.all(served.map(async (client) => ((await soon(client)) ? [] : client.name)))).toEqual(
    served.map(() => []),
  );
  for (const { name } of places)
    await vi.waitFor(async () => expect(await queued(name)).toBe(0), { timeout: 5000, interval: 20 });
  expect(kernel.clock.now() - healed).toBeLessThan(6000);
  const faulty = kernel.journal.read({ after: before, kind: 'stop', limit: 10 });
  expect(faulty.map(({ data }) => data)).toEqual([]);
});
