import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { child, parseXml, textAt } from './soap-xml.ts';
import { openCrm, type TestCrm } from './testing.ts';

const ACK =
  '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse></s:Body></s:Envelope>';

let crm: TestCrm;
let url: string;
let heard: string[] = [];
let answers: { status: number; body: string }[] = [];
const listener = createServer((request, reply) => {
  let body = '';
  request.setEncoding('utf8').on('data', (chunk) => {
    body += chunk;
  });
  request.on('end', () => {
    heard.push(body);
    const { status, body: text } = answers.shift() ?? { status: 200, body: ACK };
    reply.writeHead(status, { 'content-type': 'text/xml' }).end(text);
  });
});

beforeEach(async () => {
  [heard, answers] = [[], []];
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/crm`;
  crm = await openCrm();
  crm.crm.rules({
    outbound: [{ name: 'Tell', object: 'Contact', url, fields: ['LastName', 'MobilePhone'], when: 'Active__c = true' }],
  });
});
afterEach(async () => {
  await crm.close();
  await new Promise((resolve) => listener.close(resolve));
});

/** Lets time pass until something is so. */
async function until(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !isSo(); i++) {
    await crm.clock.advance(100);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  if (!isSo()) throw new Error(`not so after ${heard.length} deliveries`);
}
const ends = () => crm.kernel.journal.read({ kind: 'notice' }).filter(({ data }) => data?.state !== 'offered');
const make = (LastName: string, more = {}) => crm.call('POST', 'sobjects/Contact', { LastName, ...more });
const namesIn = (text: string): (string | undefined)[] =>
  child(child(parseXml(text), 'Body')!, 'notifications')!
    .children.filter(({ name }) => name === 'Notification')
    .map((one) => textAt(one, 'sObject', 'LastName'));

test('what was saved is posted with its fields, and journalled as shown', async () => {
  const { body } = await make('Ode & Co');
  await make('Sleeping', { Active__c: false });
  await until(() => ends().length === 1);
  expect(namesIn(heard[0]!)).toEqual(['Ode & Co']);
  const notifications = child(child(parseXml(heard[0]!), 'Body')!, 'notifications')!;
  expect(textAt(notifications, 'OrganizationId')).toBe('00D000000000001EAA');
  expect(textAt(notifications, 'Notification', 'Id')).toMatch(/^04l/);
  expect(textAt(notifications, 'Notification', 'sObject', 'Id')).toBe(body.id);
  // A field that is empty is left out.
  expect(heard[0]).not.toContain('MobilePhone');
  const told = crm.kernel.journal.read({ kind: 'notice' });
  expect(told.map(({ data }) => data?.state)).toEqual(['offered', 'taken']);
  expect(told[1]!.served).toMatchObject([{ type: 'Contact', id: body.id, version: 1 }]);
});

test.each([
  ['no Ack', { status: 200, body: ACK.replace('true', 'false') }],
  ['an error', { status: 500, body: ACK }],
  ['what is no SOAP', { status: 200, body: '<html>' }],
])('%s: the same notification again, later and as the record is by then', async (_, first) => {
  answers = [first];
  const { body } = await make('Old');
  await until(() => ends().length === 1);
  const ids = (text: string): (string | undefined)[] =>
    child(child(parseXml(text), 'Body')!, 'notifications')!.children.flatMap((one) =>
      one.name === 'Notification' ? [textAt(one, 'Id')] : [],
    );
  await crm.call('PATCH', `sobjects/Contact/${body.id}`, { LastName: 'New' });
  await until(() => heard.slice(1).some((text) => ids(text).includes(ids(heard[0]!)[0])));
  expect(
    heard
      .slice(1)
      .flatMap(namesIn)
      .every((name) => name === 'New'),
  ).toBe(true);
});

test('who is not there is tried again; a deleted record is told of no more', async () => {
  await new Promise((resolve) => listener.close(resolve));
  const { body } = await make('Gone');
  await make('Stays');
  await until(() => ends().length > 0);
  await crm.call('DELETE', `sobjects/Contact/${body.id}`);
  const { port } = new URL(url);
  await new Promise<void>((resolve) => listener.listen(Number(port), '127.0.0.1', resolve));
  await until(() => heard.length > 0);
  expect(heard.flatMap(namesIn)).toEqual(['Stays']);
});

// Of two contacts A and B the notification of the first is hit; what comes, in order, and what the journal says of it.
test.each<[string, Record<string, unknown>, string[], string[]]>([
  ['drop', {}, ['B'], ['lost', 'taken']],
  ['duplicate', { copies: 2 }, ['A', 'A', 'B'], ['taken', 'taken']],
  ['storm', { copies: 3 }, ['A', 'A', 'A', 'B'], ['taken', 'taken']],
  ['reorder', {}, ['B', 'A'], ['held', 'taken', 'taken']],
  ['delayed', { ms: 2000 }, ['B', 'A'], ['held', 'taken', 'taken']],
  ['replayed', { ms: 2000 }, ['A', 'B', 'A'], ['taken', 'taken', 'again']],
])('%s %j', async (fault, params, told, states) => {
  crm.kernel.rules.arm({ fault, params, where: { sim: 'crm', operation: 'outbound' }, times: 1 });
  await make('A');
  await until(() => ends().length === 1);
  await make('B');
  await until(() => ends().length === states.length);
  expect(ends().map(({ data }) => data!.state)).toEqual(states);
  expect(heard.flatMap(namesIn)).toEqual(told);
});

test('forged: one of another organisation, until it is healed; signatures there are none', async () => {
  const arm = (how: string) => crm.kernel.rules.arm({ fault: 'forged', params: { how }, where: { sim: 'crm' } });
  arm('other-tenant');
  for (const how of ['unsigned', 'wrong-signature']) expect(() => arm(how)).toThrow('forged cannot act there (');
  answers = [{ status: 403, body: '' }];
  await make('A');
  await until(() => ends().length === 1);
  expect(crm.kernel.rules.list().map(({ fired }) => fired)).toEqual([1]);
  crm.kernel.rules.heal();
  await until(() => ends().length === 2);
  const orgs = heard.map((text) => textAt(parseXml(text), 'Body', 'notifications', 'OrganizationId'));
  expect(orgs).toEqual(['00D00000000ZZZZEAU', '00D000000000001EAA']);
  expect(ends().map(({ served }) => served?.length)).toEqual([undefined, 1]);
});

test('a message that makes no sense is told', () => {
  const set = (message: object) => () => crm.crm.rules({ outbound: [message as never] });
  expect(set({ name: 'x', object: 'Nope', url, fields: [] })).toThrow('no object Nope');
  expect(set({ name: 'x', object: 'Contact', url: 'here', fields: [] })).toThrow('a name and a url');
  expect(set({ name: 'x', object: 'Contact', url, fields: ['Nope'] })).toThrow('no field Nope');
  expect(set({ name: 'x', object: 'Contact', url, fields: [], when: 'A =' })).toThrow('is no condition');
});
