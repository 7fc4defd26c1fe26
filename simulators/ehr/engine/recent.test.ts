import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Database } from '#kernel';
import { register, startSite, type TestSite } from '../test-site.ts';
import { VENDORS } from '../vendors/index.ts';
import { Recent } from './recent.ts';
import { Statements } from './statements.ts';
import { Store } from './store.ts';

// Of the store: the rest of a read asks the database nothing.
async function statements(run: () => Promise<unknown>): Promise<number> {
  const asked = (['get', 'all', 'run'] as const).map((how) => vi.spyOn(Statements.prototype, how));
  await run();
  const count = asked.reduce((sum, { mock }) => sum + mock.calls.length, 0);
  vi.restoreAllMocks();
  return count;
}

describe.each(VENDORS.map(({ id }) => id))('a read at %s', (vendor) => {
  let test: TestSite;
  beforeAll(async () => {
    test = await startSite({ vendor });
  });
  afterAll(() => test.close());
  const update = (id: string, patch: Record<string, unknown>, act = 'update') =>
    test.site.commit({ act, changes: [{ op: 'update', type: 'Patient', id, patch }] });

  it('asks the database once, and again when the resource was written', async () => {
    const id = await register(test, 'Lovelace', '1');
    const read = async () => (await test.get(`/Patient/${id}`)).gender;
    const first = await read();
    expect([await statements(read), await read()]).toEqual([0, first]);
    await update(id, { gender: 'other' });
    expect([await statements(read), await read()]).toEqual([1, 'other']);
  });

  it('beside it, a search whose page holds all asks for its rows, knows their texts, and counts nothing', async () => {
    const id = await register(test, 'Annabella', '6');
    const search = () => test.get(`/Patient?_id=${id}`);
    const { total, entry } = await search();
    // Who refuses to show too many counts before anything is looked for.
    const counted = test.site.vendor.capability.Patient?.maxMatches === undefined ? 0 : 1;
    expect([total ?? 1, entry[0].resource.id, await statements(search)]).toEqual([1, id, 1 + counted]);
  });

  it('shows what stands after a commit that was taken back', async () => {
    const id = await register(test, 'Byron', '2');
    const read = async () => (await test.get(`/Patient/${id}`)).gender;
    const before = await read();
    const changes = [
      { op: 'update' as const, type: 'Patient', id, patch: { gender: 'other' } },
      { op: 'update' as const, type: 'Patient', id: 'nobody', patch: {} },
    ];
    await expect(test.site.commit({ act: 'update', changes })).rejects.toThrow();
    expect(await read()).toBe(before);
  });

  it('keeps no deleted resource, and does not keep the group of all from new members', async () => {
    const id = await register(test, 'Noel', '3');
    await test.get(`/Patient/${id}`);
    await test.site.commit({ act: 'delete', changes: [{ op: 'delete', type: 'Patient', id }] });
    expect((await test.call(`/Patient/${id}`)).status).not.toBe(200);
    const members = async () => ((await test.get(`/Group/${test.site.groupId}`)).member ?? []).length;
    const before = await members();
    await register(test, 'King', '4');
    expect(test.site.vendor.capability.Group?.interactions.includes('read') ? (await members()) - before : 1).toBe(1);
  });
});

it('a row that a transaction under way wrote is not kept: it may be taken back', () => {
  const database = new Database();
  const store = new Store(database, 'north', 'UTC');
  const write = (gender: string) => store.write('Patient', 'p1', { resourceType: 'Patient', gender }, '2026-03-02T12:00:00.000Z');
  const gender = () => JSON.parse(store.current('Patient', 'p1')!.json).gender;
  database.transaction(() => write('female'));
  const attempt = () =>
    database.transaction(() => {
      write('male');
      throw new Error(`taken back: ${gender()}`);
    });
  expect(gender()).toBe('female');
  expect(attempt).toThrow('taken back: male');
  expect(gender()).toBe('female');
});

describe('rows by name', () => {
  const row = (letters: number) => ({ json: 'x'.repeat(letters) });
  it.each<[string, number, number, boolean, boolean]>([
    ['few stay', 10, 1000, true, true],
    ['the first of too many leave', 200, 60_000, false, true],
    ['one that is too large is not taken', 1, 70_000, false, false],
  ])('%s', (_, count, letters, first, last) => {
    const rows = new Recent();
    for (let n = 0; n < count; n++) rows.set(`Patient/${n}`, row(letters));
    expect([rows.get('Patient/0'), rows.get(`Patient/${count - 1}`)].map((one) => one !== undefined)).toEqual([first, last]);
  });
  it('what was forgotten makes room', () => {
    const rows = new Recent();
    for (let n = 0; n < 69; n++) rows.set(`Patient/${n}`, row(60_000));
    for (let n = 1; n < 69; n++) rows.delete(`Patient/${n}`);
    for (let n = 100; n < 168; n++) rows.set(`Patient/${n}`, row(60_000));
    expect(rows.get('Patient/0')).toBeDefined();
  });
});
