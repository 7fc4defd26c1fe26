import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ManualClock } from '#kernel';
import { fetchToken, type Json, register, startSite, type TestSite } from '../test-site.ts';

const BACKPORT = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';
let test: TestSite;
let clock: ManualClock;
let listener: Awaited<ReturnType<typeof listen>>;

async function listen() {
  const got: { headers: IncomingHttpHeaders; text: string; body: Json }[] = [];
  const answers: number[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk) => chunks.push(chunk));
    req.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      got.push({ headers: req.headers, text, body: JSON.parse(text) });
      res.writeHead(answers.shift() ?? 204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { got, answers, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, close: () => server.close() };
}

const wanted = (topic = 'Patient.update', more: Json = {}): Json => ({
  resourceType: 'Subscription',
  status: 'requested',
  criteria: `${test.fhir}/SubscriptionTopic/${topic}`,
  _criteria: {
    extension: [{ url: `${BACKPORT}/backport-filter-criteria`, valueString: 'ah-practice=Organization/a-1.Practice-195900' }],
  },
  channel: {
    type: 'rest-hook',
    endpoint: listener.url,
    payload: 'application/fhir+json',
    _payload: { extension: [{ url: `${BACKPORT}/backport-payload-content`, valueCode: 'id-only' }] },
    header: ['X-Mine: yes'],
  },
  ...more,
});
const subscribe = (body: Json, headers: Record<string, string> = {}) =>
  test.call('/Subscription', {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/fhir+json', ...headers },
  });
const update = (id: string, city: string) =>
  test.site.commit({ act: 'update', changes: [{ op: 'update', type: 'Patient', id, patch: { address: [{ city }] } }] });
const arrived = async (count: number) => {
  await vi.waitFor(
    async () => {
      await clock.advance(0);
      expect(listener.got.length).toBe(count);
    },
    { timeout: 3000, interval: 5 },
  );
  // What came of it is in the journal a moment later.
  await vi.waitFor(() => expect(outcomes().length).toBe(count), { timeout: 3000, interval: 5 });
};
const outcomes = () => test.kernel.journal.read({ kind: 'notice' }).filter(({ data }) => data!.state !== 'offered');

beforeEach(async () => {
  clock = new ManualClock('2026-03-02T12:00:00.000Z');
  listener = await listen();
  test = await startSite({ vendor: 'athena', clock, tokenSeconds: 86_400 });
});
afterEach(async () => {
  await test.close();
  listener.close();
});

describe('subscribing', () => {
  it('lists topics, takes one subscription a topic, shows it, ends it', async () => {
    const { entry } = await test.get('/SubscriptionTopic');
    expect(entry.map(({ resource }: Json) => resource.id)).toContain('Appointment.check-in');
    const reply = await subscribe(wanted());
    const made = (await reply.json()) as Json;
    expect([reply.status, made.status]).toEqual([201, 'active']);
    expect((await subscribe(wanted())).status).toBe(409);
    expect(await test.get('/Subscription')).toMatchObject({
      total: 1,
      type: 'searchset',
      entry: [{ resource: { id: made.id } }],
    });
    expect((await test.call(`/Subscription/${made.id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await test.get('/Subscription')).total).toBe(0);
  });

  it.each([
    ['another status', { status: 'active' }],
    ['an unknown topic', { criteria: 'x/SubscriptionTopic/Moon.phase' }],
    ['no practice', { _criteria: {} }],
    ['full resources', { channel: { type: 'rest-hook', endpoint: 'https://a.example/', payload: 'application/fhir+json' } }],
    ['another channel', { channel: { type: 'email' } }],
    ['no subscription', { resourceType: 'Patient' }],
  ])('refuses %s', async (_title, more) => {
    expect((await subscribe(wanted('Patient.update', more))).status).toBe(400);
    expect((await test.get('/Subscription')).total).toBe(0);
  });

  it('wants the scope for it', async () => {
    const { access_token } = await fetchToken(test.kernel, test.token, 'all', 'system/Patient.read');
    expect((await subscribe(wanted(), { authorization: `Bearer ${access_token}` })).status).toBe(403);
  });
});

describe('notifications', () => {
  it('carry ids alone, signed, numbered anew in each bundle', async () => {
    await subscribe(wanted(), { 'x-hub-secret': 'hush' });
    const id = await register(test, 'Ng', '528595');
    await update(id, 'Peoria');
    await arrived(1);
    await update(id, 'Joliet');
    await arrived(2);
    const [first, second] = listener.got;
    expect(first!.headers['x-hub-signature']).toBe(`sha256=${createHmac('sha256', 'hush').update(first!.text).digest('hex')}`);
    expect([first!.headers['content-type'], first!.headers['x-mine']]).toEqual(['application/fhir+json', 'yes']);
    const [status, audit] = first!.body.entry;
    expect([first!.body.type, status.resource.resourceType, audit.resource.resourceType]).toEqual([
      'history',
      'SubscriptionStatus',
      'AuditEvent',
    ]);
    const [event] = status.resource.notificationEvent;
    expect(event).toMatchObject({
      eventNumber: '1',
      id: audit.resource.id,
      focus: {
        reference: 'Patient/a-195900.E-528595',
        identifier: { system: 'urn:athenahealth:athenanet:patient:195900', value: '528595' },
      },
    });
    expect([status.resource.eventsSinceSubscriptionStart, status.request, status.response]).toEqual([
      '1',
      { method: 'GET', url: expect.stringMatching(/^Subscription\/.*\/\$status$/) },
      { status: '200' },
    ]);
    const again = second!.body.entry[0].resource.notificationEvent[0];
    expect([again.eventNumber, again.id === event.id]).toEqual(['1', false]);
    expect(first!.text).not.toContain('Peoria');
  });

  it('are journalled with what they showed', async () => {
    await subscribe(wanted('Patient.create'));
    const id = await register(test, 'Ng', '1');
    await arrived(1);
    const [told] = outcomes();
    expect([told!.served, told!.data!.status]).toEqual([[{ sim: 'ehr', tenant: 'north', type: 'Patient', id, version: 1 }], 204]);
    const offered = test.kernel.journal.read({ kind: 'notice' })[0]!;
    expect(told!.cause).toBe(offered.seq);
  });

  it('are tried again under the same id until they are taken', async () => {
    listener.answers.push(500, 503);
    await subscribe(wanted('Patient.create'));
    await register(test, 'Ng', '1');
    await arrived(1);
    await clock.advance(1000);
    await arrived(2);
    await clock.advance(2000);
    await arrived(3);
    expect(new Set(listener.got.map(({ body }) => body.entry[1].resource.id)).size).toBe(1);
    await clock.advance(3_600_000);
    expect(listener.got.length).toBe(3);
  });

  it('come ten times at the same moment in a storm, which is one delivery', async () => {
    let open = 0;
    const crowd = createServer((_, res) => {
      open += 1;
      // Nobody is answered before all are there.
      if (open === 10) for (const one of waiting) one.writeHead(204).end();
      waiting.push(res);
      if (open >= 10) res.writeHead(204).end();
    });
    const waiting: ServerResponse[] = [];
    await new Promise<void>((resolve) => crowd.listen(0, '127.0.0.1', resolve));
    test.kernel.rules.arm({ id: 'storm', fault: 'storm', where: { sim: 'ehr', operation: 'Patient.create' }, times: 1 });
    const given = wanted('Patient.create');
    (given.channel as Json).endpoint = `http://127.0.0.1:${(crowd.address() as AddressInfo).port}/hook`;
    await subscribe(given);
    await register(test, 'Ng', '1');
    await vi.waitFor(async () => {
      await clock.advance(0);
      expect(outcomes().map(({ data }) => [data!.state, data!.abreast])).toEqual([['taken', 10]]);
    });
    crowd.close();
  });

  // Of two patients A and B the first notification is hit; what comes, in order, and what the journal says of it.
  const idsOf = (body: Json): string[] =>
    body.entry[0].resource.notificationEvent.map(({ focus }: Json) => focus.identifier.value);
  it.each<[string, Json, string[], string[]]>([
    ['drop', {}, ['B'], ['lost', 'taken']],
    ['duplicate', { copies: 3 }, ['A', 'A', 'A', 'B'], ['taken', 'taken']],
    ['reorder', {}, ['B', 'A'], ['held', 'taken', 'taken']],
    ['delayed', { ms: 500 }, ['B', 'A'], ['held', 'taken', 'taken']],
    ['replayed', { ms: 500, days: 0 }, ['A', 'B', 'A'], ['taken', 'taken', 'again']],
  ])('%s %j', async (fault, params, told, states) => {
    const where = { sim: 'ehr', operation: 'Patient.create' };
    test.kernel.rules.arm({ fault, params, where, times: 1 });
    await subscribe(wanted('Patient.create'), { 'x-hub-secret': 'hush' });
    await register(test, 'Ng', '1');
    await vi.waitFor(async () => {
      await clock.advance(0);
      expect(outcomes().length).toBe(1);
    });
    await register(test, 'Ng', '2');
    await vi.waitFor(async () => {
      await clock.advance(100);
      expect(outcomes().map(({ data }) => data!.state)).toEqual(states);
    });
    expect(listener.got.flatMap(({ body }) => idsOf(body)).map((id) => ({ 1: 'A', 2: 'B' })[id])).toEqual(told);
    for (const { text, headers } of listener.got)
      expect(headers['x-hub-signature']).toBe(`sha256=${createHmac('sha256', 'hush').update(text).digest('hex')}`);
  });

  it.each([
    ['valid', true],
    ['old', false],
  ])('replayed three days later, with a signature that is %s', async (signature, right) => {
    test.kernel.rules.arm({ fault: 'replayed', params: { signature }, where: { sim: 'ehr' }, times: 1 });
    await subscribe(wanted('Patient.create'), { 'x-hub-secret': 'hush' });
    await register(test, 'Ng', '1');
    await vi.waitFor(async () => {
      await clock.advance(0);
      expect(outcomes().map(({ data }) => data!.state)).toEqual(['taken', 'again']);
    });
    const [first, second] = listener.got.map(({ body }) => body.entry[0].resource.notificationEvent[0]);
    expect([second.id, Date.parse(first.timestamp) - Date.parse(second.timestamp)]).toEqual([first.id, 3 * 86_400_000]);
    const { text, headers } = listener.got[1]!;
    const sum = `sha256=${createHmac('sha256', 'hush').update(text).digest('hex')}`;
    expect(headers['x-hub-signature'] === sum).toBe(right);
  });

  it.each([
    ['unsigned', undefined, '195900'],
    ['wrong-signature', false, '195900'],
    ['other-tenant', true, '195901'],
  ])('forged: %s; refused, the genuine one comes when it is healed', async (how, right, practice) => {
    test.kernel.rules.arm({ fault: 'forged', params: { how }, where: { sim: 'ehr' } });
    listener.answers.push(401);
    await subscribe(wanted('Patient.create'), { 'x-hub-secret': 'hush' });
    await register(test, 'Ng', '1');
    await arrived(1);
    expect(outcomes().map(({ data, served }) => [data!.state, data!.changed, served])).toEqual([['refused', true, undefined]]);
    test.kernel.rules.heal();
    await clock.advance(1000);
    await arrived(2);
    const signed = listener.got.map(({ text, headers }) => {
      const given = headers['x-hub-signature'];
      return given && given === `sha256=${createHmac('sha256', 'hush').update(text).digest('hex')}`;
    });
    expect(signed).toEqual([right, true]);
    expect(listener.got.map(({ text }) => /Practice-(\d+)/.exec(text)![1])).toEqual([practice, '195900']);
    expect(outcomes()[1]!.served).toHaveLength(1);
  });

  it('forged without signature is nothing where nobody signs', async () => {
    const { id } = test.kernel.rules.arm({ fault: 'forged', where: { sim: 'ehr' } });
    await subscribe(wanted('Patient.create'));
    await register(test, 'Ng', '1');
    await arrived(1);
    expect(test.kernel.rules.list()).toMatchObject([{ id, fired: 0 }]);
    expect(outcomes()[0]!.served).toHaveLength(1);
  });

  it('outlive a restart', async () => {
    const data = mkdtempSync(join(tmpdir(), 'syncproof-notices-'));
    const options = { vendor: 'athena', clock, tokenSeconds: 86_400, data };
    await test.close();
    test = await startSite(options);
    listener.answers.push(500);
    await subscribe(wanted('Patient.create'));
    await register(test, 'Ng', '1');
    await arrived(1);
    await test.close();
    await clock.advance(5000);
    test = await startSite(options);
    await arrived(2);
    rmSync(data, { recursive: true });
  });

  it('name appointments by number alone', async () => {
    await subscribe(wanted('Appointment.schedule'));
    const patient = await register(test, 'Ng', '1');
    const participant = [{ status: 'accepted', actor: { reference: `Patient/${patient}` } }];
    const resource = {
      resourceType: 'Appointment',
      status: 'booked',
      start: '2026-03-09T15:00:00Z',
      end: '2026-03-09T15:30:00Z',
      participant,
    };
    await test.site.commit({ act: 'book', changes: [{ op: 'create', type: 'Appointment', resource }] });
    await arrived(1);
    const { focus } = listener.got[0]!.body.entry[0].resource.notificationEvent[0];
    expect([focus.reference, focus.identifier.value]).toEqual([undefined, expect.stringMatching(/^\d+$/)]);
  });
});
