import { expect, test } from 'vitest';
import { Failure } from '../retry.ts';
import { inBatches, openBatch } from './batches.ts';
import type { Crm } from './client.ts';

test('one waits for nobody; what comes meanwhile goes together, so many at a time', async () => {
  const calls: number[][] = [];
  const double = openBatch(3, async (items: number[]) => {
    calls.push(items);
    await Promise.resolve();
    return items.map((item) => 2 * item);
  });
  expect(await Promise.all([1, 2, 3, 4, 5].map(double))).toEqual([2, 4, 6, 8, 10]);
  expect(await double(6)).toBe(12);
  expect(calls).toEqual([[1], [2, 3, 4], [5], [6]]);
});

test.each<[string, () => Promise<(string | Failure)[]>, string[]]>([
  ['each is told of its own', async () => ['good', new Failure(400, 'BAD')], ['good', '400 BAD']],
  ['an answer that says too little is none for the others', async () => ['good'], ['good', '0 not-answered']],
  ['what befalls the call befalls all', () => Promise.reject(new Failure(503, 'down')), ['503 down', '503 down']],
])('%s', async (_, answer, told) => {
  let nth = 0;
  const ask = openBatch(9, async () => (nth++ === 0 ? ['first'] : answer()));
  const [, ...others] = await Promise.allSettled([ask(0), ask(1), ask(2)]);
  expect(others.map((one) => (one.status === 'fulfilled' ? one.value : (one.reason as Failure).message))).toEqual(told);
});

test('rows of one object are written with one call, and found with one question', async () => {
  const asked: unknown[] = [];
  const crm = {
    async request(...call: unknown[]) {
      asked.push(call);
      const { records } = call[2] as { records: { EHR_Key__c: string }[] };
      return records.map(({ EHR_Key__c: key }) =>
        key === 'bad'
          ? { success: false, errors: [{ statusCode: 'INVALID_EMAIL_ADDRESS', message: 'x@', fields: ['Email'] }] }
          : { success: true, id: `003${key}`, created: true, errors: [] },
      );
    },
    async query(_object: string, where: string) {
      asked.push(where);
      return [{ key: "o'b" }];
    },
  } as unknown as Crm;
  const { upsert, find } = inBatches(crm, 100);
  const written = await Promise.allSettled(['a', 'b', 'bad'].map((key) => upsert('Appointment__c', key, { Contact__c: 'p' })));
  expect(written.map((one) => (one.status === 'fulfilled' ? one.value : String(one.reason)))).toEqual([
    { id: '003a', created: true },
    { id: '003b', created: true },
    'Error: 400 INVALID_EMAIL_ADDRESS Email',
  ]);
  expect(asked.splice(0).map((call) => (call as [string, string, { records: object[] }])[2].records)).toEqual([
    [{ attributes: { type: 'Appointment__c' }, EHR_Key__c: 'a', Contact__r: { EHR_Key__c: 'p' } }],
    [
      { attributes: { type: 'Appointment__c' }, EHR_Key__c: 'b', Contact__r: { EHR_Key__c: 'p' } },
      { attributes: { type: 'Appointment__c' }, EHR_Key__c: 'bad', Contact__r: { EHR_Key__c: 'p' } },
    ],
  ]);
  expect(await Promise.all(['x', "o'b", 'y'].map((key) => find!('Contact', key)))).toEqual([
    undefined,
    { key: "o'b" },
    undefined,
  ]);
  expect(asked).toEqual(["EHR_Key__c IN ('x')", "EHR_Key__c IN ('o\\'b', 'y')"]);
});
