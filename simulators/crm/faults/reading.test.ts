import { afterEach, describe, expect, it } from 'vitest';
import type { Rule } from '#kernel';
import { type Answered, openCrm, type TestCrm } from '../testing.ts';

let crm: TestCrm;
afterEach(() => crm.close());

// Names of the contacts with the key 7, however they are asked for.
const WAYS: { title: string; names: () => Promise<string[]> }[] = [
  {
    title: 'a record by its key',
    names: async () => listed(await crm.call('GET', 'sobjects/Contact/EHR_Key__c/7')),
  },
  {
    title: 'a query by an indexed field',
    names: async () => listed(await crm.query("SELECT LastName FROM Contact WHERE EHR_Key__c = '7'")),
  },
  {
    title: 'a query that walks all',
    names: async () => listed(await crm.query("SELECT LastName FROM Contact WHERE FirstName = 'Ada' ORDER BY LastName")),
  },
];
const listed = ({ status, body }: Answered): string[] =>
  status === 404 ? [] : (body.records ?? [body]).map(({ LastName }: { LastName: string }) => LastName);

const write = (LastName: string) => crm.call('PATCH', 'sobjects/Contact/EHR_Key__c/7', { FirstName: 'Ada', LastName });
const asClerk = (LastName: string) => {
  const [id] = crm.crm.rows('Contact', "EHR_Key__c = '7'").map(({ Id }) => String(Id));
  return crm.crm.commit({ changes: [{ op: 'update', type: 'Contact', id, fields: { LastName } }] } as never);
};
const arm = (rule: Rule) => crm.kernel.rules.arm(rule);
const fired = () => crm.kernel.rules.list()[0]!.fired;
const shown = () =>
  crm.kernel.journal
    .read({ kind: 'reply' })
    .at(-1)!
    .served?.map(({ version }) => version);

describe.each(WAYS)('$title', ({ names }) => {
  it('stale-read: what was there before, while the replica lags', async () => {
    crm = await openCrm();
    arm({ fault: 'stale-read', params: { ms: 5000 }, where: { operation: 'query|read' } });
    await write('Lovelace');
    expect([await names(), fired()]).toEqual([[], 1]);
    await crm.clock.advance(5001);
    expect(await names()).toEqual(['Lovelace']);
    await write('Byron');
    expect([await names(), shown(), fired()]).toEqual([['Lovelace'], [1], 2]);
    await crm.clock.advance(3000);
    await write('King');
    await crm.clock.advance(3000);
    expect([await names(), shown()]).toEqual([['Byron'], [2]]);
    await crm.clock.advance(5001);
    expect([await names(), shown(), fired()]).toEqual([['King'], [3], 3]);
    expect((await write('King')).status).toBe(200);
    expect(crm.crm.rows('Contact')).toHaveLength(1);
  });

  it.each([
    ['the client itself', write, ['Lovelace'], 1],
    ['a clerk', asClerk, ['Byron'], 0],
  ])('own-writes-late: what %s wrote', async (_, change, expected, times) => {
    crm = await openCrm();
    await write('Lovelace');
    await crm.clock.advance(60_000);
    arm({ fault: 'own-writes-late', params: { ms: 5000 } });
    await change('Byron');
    expect([await names(), fired()]).toEqual([expected, times]);
  });

  it('goes-back: new, old, new, old', async () => {
    crm = await openCrm();
    await write('Lovelace');
    await crm.clock.advance(60_000);
    arm({ fault: 'goes-back', params: { ms: 5000 } });
    await write('Byron');
    const told: string[] = [];
    for (let n = 0; n < 4; n++) told.push(...(await names()));
    expect([told, fired()]).toEqual([['Byron', 'Lovelace', 'Byron', 'Lovelace'], 2]);
  });

  it('poison-record: an error of the CRM, and nothing for others', async () => {
    crm = await openCrm();
    await write('Lovelace');
    arm({ fault: 'poison-record', where: { operation: 'query|read' } });
    const { status, body } = await crm.query('SELECT Id FROM Contact');
    expect([status, body[0].errorCode]).toEqual([500, 'UNKNOWN_EXCEPTION']);
    expect((await crm.query("SELECT Id FROM Contact WHERE LastName = 'Nobody'")).body.totalSize).toBe(0);
  });
});

it('a look into the past leaves the present as it is', async () => {
  crm = await openCrm();
  await write('Lovelace');
  arm({ fault: 'stale-read', params: { ms: 5000 } });
  const { sql } = crm.kernel.database;
  const all = () => ['crm_row', 'crm_index'].map((name) => JSON.stringify(sql.prepare(`SELECT * FROM ${name}`).all()));
  const before = all();
  for (const { names } of WAYS) expect(await names()).toEqual([]);
  expect([all(), fired()]).toEqual([before, 3]);
});

it('a further page of a query is of the past, too', async () => {
  crm = await openCrm();
  const rows = Array.from({ length: 201 }, (_, n) => ({
    attributes: { type: 'Contact' },
    LastName: `A${String(n).padStart(3, '0')}`,
  }));
  for (const at of [0, 200]) await crm.call('POST', 'composite/sobjects', { records: rows.slice(at, at + 200) });
  await crm.clock.advance(60_000);
  arm({ fault: 'stale-read', params: { ms: 5000 } });
  const [last] = crm.crm.rows('Contact').slice(-1);
  await crm.call('PATCH', `sobjects/Contact/${last!.Id}`, { LastName: 'Changed' });
  await crm.call('POST', 'sobjects/Contact', { LastName: 'New' });
  const first = await crm.query('SELECT LastName FROM Contact ORDER BY CreatedDate', { 'sforce-query-options': 'batchSize=200' });
  expect([first.body.totalSize, first.body.done]).toEqual([202, false]);
  const second = await crm.call('GET', first.body.nextRecordsUrl);
  expect(listed(second)).toEqual(['A200']);
});
