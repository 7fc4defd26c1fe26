import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Json, register, startSite, type TestSite } from '../test-site.ts';

let test: TestSite;
beforeAll(async () => {
  test = await startSite({ vendor: 'r4' });
});
afterAll(() => test.close());

// A call that has found what it will show, and has not read it yet.
async function parked(operation: string, path: string): Promise<{ asked: Promise<Json>; release(): void }> {
  const rule = test.kernel.rules.arm({ fault: 'gate', params: { at: 'store-read' }, where: { operation } });
  const asked = test.get(path);
  while (test.kernel.gates.list().length === 0) await new Promise((resolve) => setImmediate(resolve));
  return { asked, release: () => test.kernel.rules.heal(rule.id) };
}

it('the evidence of a page names the versions that the page shows, whoever writes while it is made', async () => {
  const id = await register(test, 'Lovelace', '1');
  const { asked, release } = await parked('search', `/Patient?_id=${id}`);
  await test.site.commit({ act: 'update', changes: [{ op: 'update', type: 'Patient', id, patch: { gender: 'male' } }] });
  release();
  const { entry } = await asked;
  const reply = test.kernel.journal.read({ kind: 'reply' }).at(-1)!;
  expect([entry[0].resource.gender, entry[0].resource.meta.versionId, reply.served![0]!.version]).toEqual(['male', '2', 2]);
});

it('a read that was held back shows, and its evidence names, what is there when it goes on', async () => {
  const id = await register(test, 'Byron', '2');
  const { asked, release } = await parked('read', `/Patient/${id}`);
  await test.site.commit({ act: 'update', changes: [{ op: 'update', type: 'Patient', id, patch: { gender: 'male' } }] });
  release();
  const shown = await asked;
  const reply = test.kernel.journal.read({ kind: 'reply' }).at(-1)!;
  expect([shown.gender, shown.meta.versionId, reply.served![0]!.version]).toEqual(['male', '2', 2]);
});

it('a page of a thousand is made in several turns of the event loop', async () => {
  const changes = Array.from({ length: 900 }, (_, n) => ({
    op: 'create' as const,
    type: 'Organization',
    resource: { resourceType: 'Organization', name: `Place ${n}` },
  }));
  await test.site.commit({ act: 'create', changes });
  const { asked, release } = await parked('search', '/Organization?_count=1000');
  let turns = 0;
  let done = false;
  const stop = test.kernel.journal.subscribe(({ kind }) => {
    done ||= kind === 'reply';
  });
  const turn = (): void => {
    if (done) return;
    turns++;
    setImmediate(turn);
  };
  release();
  turn();
  const { entry } = await asked;
  stop();
  expect([turns >= 4, entry.length, new Set(entry.map(({ resource }: Json) => resource.id)).size]).toEqual([true, 900, 900]);
});
