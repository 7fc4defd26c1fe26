import { expect, test } from 'vitest';
import type { Fields } from '../model.ts';
import { Failure } from '../retry.ts';
import { inBatches } from './batches.ts';
import type { Crm } from './client.ts';

type Body = { allOrNone: boolean; records: Record<string, unknown>[] };

/** A CRM that answers each call with what `answer` makes of its records; `go` ends the gathering. */
function crm(answer: (records: Body['records']) => unknown) {
  const calls: { path: string; body: Body }[] = [];
  let go = (): void => {};
  const request = async (_method: string, path: string, body?: object | string) => {
    calls.push({ path, body: body as Body });
    return answer((body as Body).records);
  };
  const gather = () => new Promise<void>((resolve) => (go = resolve));
  return { calls, go: () => go(), batched: inBatches({ request } as unknown as Crm, gather) };
}

const phone = (number: string): Fields => ({ MobilePhone: number });
const saved = (id: string, created = false) => ({ id, success: true, created, errors: [] });
const outcome = (one: Promise<unknown>): Promise<unknown> => one.catch((error: Failure) => `${error.status} ${error.message}`);

test('what is asked for meanwhile goes out in one call, each with its own answer', async () => {
  const { calls, go, batched } = crm(() => [
    saved('1', true),
    { success: false, errors: [{ statusCode: 'STRING_TOO_LONG', fields: ['MobilePhone'] }] },
    saved('3'),
  ]);
  const asked = ['a', 'b', 'c'].map((key) => outcome(batched.upsert('Contact', key, phone(key))));
  go();
  expect(await Promise.all(asked)).toEqual([
    { id: '1', created: true },
    '400 400 STRING_TOO_LONG MobilePhone',
    { id: '3', created: false },
  ]);
  expect(calls).toEqual([
    {
      path: '/composite/sobjects/Contact/EHR_Key__c',
      body: {
        allOrNone: false,
        records: ['a', 'b', 'c'].map((key) => ({ attributes: { type: 'Contact' }, EHR_Key__c: key, MobilePhone: key })),
      },
    },
  ]);
});

test.each<[string, () => unknown, string]>([
  [
    'fails as a whole',
    () => {
      throw new Failure(503, 'SERVER_UNAVAILABLE');
    },
    '503 503 SERVER_UNAVAILABLE',
  ],
  ['answers for fewer', () => [saved('1')], '0 0 not-a-list-of-results'],
  ['answers with something else', () => ({}), '0 0 not-a-list-of-results'],
])('a call that %s fails for each', async (_, answer, failure) => {
  const { go, batched } = crm(answer);
  const asked = ['a', 'b'].map((key) => outcome(batched.upsert('Contact', key, phone(key))));
  go();
  expect(await Promise.all(asked)).toEqual([failure, failure]);
});

test('a call holds 200 records at most, and those of one object', async () => {
  const { calls, go, batched } = crm((records) => records.map(() => saved('1')));
  const asked = Array.from({ length: 450 }, (_, n) => batched.upsert('Contact', `k${n}`, {}));
  go();
  await Promise.all(asked);
  const visit = batched.upsert('Appointment__c', 'v', { Contact__c: 'k1' });
  go();
  await visit;
  expect(calls.map(({ body }) => body.records.length)).toEqual([200, 200, 50, 1]);
  expect(calls.at(-1)?.body.records).toEqual([
    { attributes: { type: 'Appointment__c' }, EHR_Key__c: 'v', Contact__r: { EHR_Key__c: 'k1' } },
  ]);
});

test('rows are looked for together, whatever their keys hold', async () => {
  const asked: string[] = [];
  const query = async (_object: string, where: string) => {
    asked.push(where);
    return [{ key: "o'b" }];
  };
  const { find } = inBatches({ query } as unknown as Crm, async () => {});
  const keys = ['x', "o'b", ...Array.from({ length: 99 }, (_, n) => `k${n}`)];
  const rows = await Promise.all(keys.map((key) => find!('Contact', key)));
  expect(rows.map((row) => row?.key)).toEqual([undefined, "o'b", ...Array(99).fill(undefined)]);
  expect(asked.map((where) => where.split(', ').length)).toEqual([100, 1]);
  expect(asked[0]).toMatch(/^EHR_Key__c IN \('x', 'o\\'b', 'k0', /);
});
