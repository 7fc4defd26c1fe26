import { afterEach, describe, expect, it } from 'vitest';
import { rawCall } from '#kernel';
import { openCrm, type TestCrm } from '../testing.ts';

let crm: TestCrm;
afterEach(() => crm.close());

const DATA = '/services/data/v60.0/';

interface Write {
  title: string;
  method: string;
  path: string;
  body: object;
  /** Status of the write, and of the same write again once it was applied. */
  done: number;
  again: number;
  /** Contacts of that name when the write was made twice and the first one was applied. */
  contacts: number;
}

const contact = (more: object = {}) => ({ LastName: 'Hopper', ...more });
const WRITES: Write[] = [
  {
    ...{ title: 'an upsert by external id', method: 'PATCH', path: 'sobjects/Contact/EHR_Key__c/7', body: contact() },
    ...{ done: 201, again: 200, contacts: 1 },
  },
  {
    ...{ title: 'a create with a unique key', method: 'POST', path: 'sobjects/Contact', body: contact({ EHR_Key__c: '7' }) },
    ...{ done: 201, again: 400, contacts: 1 },
  },
  {
    ...{ title: 'a blind create', method: 'POST', path: 'sobjects/Contact', body: contact(), done: 201, again: 201, contacts: 2 },
  },
  {
    ...{ title: 'a composite of an upsert', method: 'POST', path: 'composite', done: 200, again: 200, contacts: 1 },
    body: {
      allOrNone: true,
      compositeRequest: [{ method: 'PATCH', referenceId: 'a', url: `${DATA}sobjects/Contact/EHR_Key__c/7`, body: contact() }],
    },
  },
  {
    ...{ title: 'a collection', method: 'PATCH', path: 'composite/sobjects/Contact/EHR_Key__c' },
    ...{ done: 200, again: 200, contacts: 1 },
    body: { records: [{ attributes: { type: 'Contact' }, EHR_Key__c: '7', ...contact() }] },
  },
];

const FAULTS: { fault: string; params?: Record<string, unknown>; client: RegExp | 'reset' | 'hangs'; applied: boolean }[] = [
  { fault: 'refuse-before-commit', client: /^HTTP\/1.1 503 /, applied: false },
  { fault: 'fail-after-commit', client: /^HTTP\/1.1 500 [\s\S]*UNKNOWN_EXCEPTION/, applied: true },
  { fault: 'fail-after-commit', params: { error: 'unavailable' }, client: /^HTTP\/1.1 503 /, applied: true },
  { fault: 'lost-reply', client: 'reset', applied: true },
  { fault: 'commit-then-hang', client: 'hangs', applied: true },
  { fault: 'reply-twice', client: /^(HTTP\/1.1 20\d [\s\S]+?)\1$/, applied: true },
  { fault: 'wrong-reply', client: /^HTTP\/1.1 200 [\s\S]*"totalSize":0/, applied: true },
];

it('a client that asks for more on the same connection takes the second answer for that to its second call', async () => {
  crm = await openCrm();
  crm.kernel.rules.arm({ fault: 'reply-twice', times: 1, where: { operation: 'upsert' } });
  const headers = { authorization: `Bearer ${crm.token}`, 'content-type': 'application/json' };
  const next = `GET ${DATA}limits HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${crm.token}\r\n\r\n`;
  const write = { method: 'PATCH', path: `${DATA}sobjects/Contact/EHR_Key__c/7`, headers, body: JSON.stringify(contact()) };
  const { text } = await rawCall(crm.url, write, (heard) => heard.includes('DailyApiRequests'), next);
  const answers = text.split(/(?=HTTP\/1\.1 )/);
  expect(answers.map((one) => [one.slice(9, 12), one.includes('"created":true'), one.includes('DailyApiRequests')])).toEqual([
    ['201', true, false],
    ['201', true, false],
    ['200', false, true],
  ]);
});

describe.each(WRITES)('$title', ({ method, path, body, done, again, contacts }) => {
  it.each(FAULTS)('$fault $params', async ({ fault, params, client, applied }) => {
    crm = await openCrm();
    const { kernel } = crm;
    const rows = () => crm.crm.rows('Contact', "LastName = 'Hopper'");
    const { id } = kernel.rules.arm({ fault, params, times: 1, where: { operation: 'create|upsert|composite|collections' } });
    await crm.query("SELECT Id FROM Contact WHERE LastName = 'Nobody'");
    const request = {
      method,
      path: DATA + path,
      headers: { authorization: `Bearer ${crm.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    };
    const whole = (text: string, times = 1): boolean => {
      const end = text.indexOf('\r\n\r\n');
      const length = Number(/^content-length: (\d+)/im.exec(text)?.[1] ?? 0);
      return end > 0 && Buffer.byteLength(text) >= (end + 4 + length) * times;
    };
    const first = rawCall(crm.url, request, (text) => whole(text, fault === 'reply-twice' ? 2 : 1));
    if (client === 'hangs') {
      let answered = false;
      void first.then(() => (answered = true));
      for (let turns = 0; rows().length === 0 || turns < 50; turns++) await new Promise((resolve) => setImmediate(resolve));
      expect(answered).toBe(false);
      kernel.rules.heal(id);
      expect((await first).text).toMatch(/^HTTP\/1.1 20/);
    } else if (client === 'reset') expect((await first).end).toBe('reset');
    else expect((await first).text).toMatch(client);
    expect(rows()).toHaveLength(applied ? 1 : 0);

    expect((await crm.call(method, path, body)).status).toBe(applied ? again : done);
    expect(rows()).toHaveLength(applied ? contacts : 1);
  });
});
