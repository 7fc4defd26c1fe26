import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openCrm, type TestCrm } from '../testing.ts';

// biome-ignore lint/suspicious/noExplicitAny: messages are looked into freely
type Message = any;

let crm: TestCrm;
beforeAll(async () => {
  crm = await openCrm();
});
afterAll(() => crm.close());
beforeEach(() => void crm.crm.settings({ changeEvents: 'events' }));

const CHANNEL = '/data/ContactChangeEvent';
const say = async (messages: object[], token = crm.token): Promise<Message[]> => {
  const reply = await crm.call('POST', '/cometd/60.0', messages, { authorization: `OAuth ${token}` });
  expect(reply.status).toBe(200);
  return reply.body;
};
const shake = async (): Promise<string> => {
  const [told] = await say([{ channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['long-polling'] }]);
  expect(told).toMatchObject({ successful: true, supportedConnectionTypes: ['long-polling'], ext: { replay: true } });
  return told.clientId;
};
const poll = (clientId: string, more: object = {}) =>
  say([{ channel: '/meta/connect', clientId, connectionType: 'long-polling', ...more }]);
const subscribe = async (clientId: string, subscription = CHANNEL, from?: number) =>
  (
    await say([
      { channel: '/meta/subscribe', clientId, subscription, ext: from === undefined ? {} : { replay: { [subscription]: from } } },
    ])
  )[0];
/** A client that is subscribed and has connected once. */
const listener = async (from?: number, channel = CHANNEL): Promise<string> => {
  const id = await shake();
  await poll(id);
  expect(await subscribe(id, channel, from)).toMatchObject({ successful: true });
  return id;
};
const heard = async (clientId: string): Promise<Message[]> => {
  for (;;) {
    const events = (await poll(clientId, { advice: { timeout: 0 } })).slice(1);
    if (events.length > 0) return events;
    await new Promise((resolve) => setImmediate(resolve));
  }
};
const headers = (messages: Message[]) => messages.map(({ data }) => data.payload.ChangeEventHeader);

describe('change events', () => {
  test('a poll that comes while events are being gathered takes them together', async () => {
    const client = await listener();
    await crm.call('POST', 'sobjects/Contact', { LastName: 'First' });
    const held = poll(client);
    await crm.call('POST', 'sobjects/Contact', { LastName: 'Second' });
    await crm.clock.advance(20);
    expect((await held).slice(1).map(({ data }) => data.payload.Name.LastName)).toEqual(['First', 'Second']);
  });

  test('created, changed, deleted, brought back', async () => {
    const client = await listener();
    const held = poll(client);
    const options = { 'sforce-call-options': 'client=Sync' };
    const { body } = await crm.call('POST', 'sobjects/Contact', { LastName: 'Cdc', MailingCity: 'Bern' }, options);
    await crm.clock.advance(20);
    const [, created] = await held;
    expect(created).toMatchObject({
      channel: CHANNEL,
      data: {
        schema: expect.stringMatching(/^.{22}$/),
        event: { replayId: expect.any(Number) },
        payload: {
          Name: { LastName: 'Cdc' },
          MailingAddress: { City: 'Bern' },
          ChangeEventHeader: {
            entityName: 'Contact',
            recordIds: [body.id],
            changeType: 'CREATE',
            changeOrigin: 'com/salesforce/api/rest/60.0;client=Sync',
            changedFields: [],
            sequenceNumber: 1,
            commitUser: '005000000000001AAA',
          },
        },
      },
    });
    for (const never of ['Id', 'IsDeleted', 'SystemModstamp', 'FirstName'])
      expect(created.data.payload).not.toHaveProperty(never);
    await crm.call('PATCH', `sobjects/Contact/${body.id}`, { FirstName: 'Ann', MailingCity: null });
    const [changed] = await heard(client);
    expect(changed.data.payload).toMatchObject({ Name: { FirstName: 'Ann' }, MailingAddress: { City: null } });
    expect(headers([changed])[0].changedFields.sort()).toEqual(['LastModifiedDate', 'MailingAddress.City', 'Name.FirstName']);
    await crm.crm.commit({ changes: [{ op: 'delete', type: 'Contact', id: body.id }] });
    await crm.crm.commit({ changes: [{ op: 'undelete', type: 'Contact', id: body.id }] });
    const rest = await heard(client);
    expect(headers(rest).map((one) => one.changeType)).toEqual(['DELETE', 'UNDELETE']);
    expect(Object.keys(rest[0].data.payload)).toEqual(['ChangeEventHeader']);
    expect(headers(rest)[0].changeOrigin).toBe('com/salesforce/api/soap/60.0;client=SfdcInternalAPI/');
  });

  test('a reply names the versions that its events show', async () => {
    const client = await listener();
    const { body } = await crm.call('POST', 'sobjects/Contact', { LastName: 'Served' });
    await heard(client);
    const replies = crm.kernel.journal.read({ kind: 'reply' });
    expect(replies.findLast((reply) => reply.served?.length)?.served).toMatchObject([
      { type: 'Contact', id: body.id, version: 1 },
    ]);
  });

  test('from -2, from a replay id, and only new ones', async () => {
    const all = await heard(await listener(-2));
    const last = all.at(-1).data.event.replayId;
    await crm.call('POST', 'sobjects/Contact', { LastName: 'After' });
    const rest = await heard(await listener(last));
    expect([rest.length, rest[0].data.payload.Name.LastName]).toEqual([1, 'After']);
    expect(await subscribe(await shake(), CHANNEL, 10 ** 12)).toMatchObject({
      successful: false,
      error: expect.stringMatching(/^400::The replayId \{1000000000000\} you provided was invalid\./),
    });
  });

  // Of two contacts A and B the event of the first is hit; what is heard, in order.
  test.each<[string, Record<string, unknown>, string[]]>([
    ['drop', {}, ['B']],
    ['duplicate', { copies: 2 }, ['A', 'A', 'B']],
    ['reorder', {}, ['B', 'A']],
    ['delayed', { ms: 500 }, ['B', 'A']],
    ['replayed', { ms: 500 }, ['A', 'B', 'A']],
    ['gap-event', {}, ['GAP_CREATE', 'B']],
    ['overflow-event', {}, ['GAP_OVERFLOW', 'B']],
  ])('%s %j', async (fault, params, names) => {
    // Until nobody else is subscribed.
    await crm.clock.advance(41_000);
    crm.kernel.rules.arm({ fault, params, where: { sim: 'crm', operation: 'event' }, times: 1 });
    const client = await listener();
    for (const LastName of ['A', 'B']) await crm.call('POST', 'sobjects/Contact', { LastName });
    const all: Message[] = [];
    while (all.length < names.length) {
      await crm.clock.advance(100);
      all.push(...(await poll(client, { advice: { timeout: 0 } })).slice(1));
    }
    crm.kernel.rules.heal();
    const said = all.map(({ data: { payload } }) => payload.Name?.LastName ?? payload.ChangeEventHeader.changeType);
    expect(said).toEqual(names);
    if (fault === 'replayed') expect(all[2].data).toEqual({ ...all[0].data, payload: expect.anything() });
    // Whoever asks for what was kept gets the event as it was.
    const kept = await heard(await listener(-2));
    expect(kept.filter(({ data }) => ['A', 'B'].includes(data.payload.Name?.LastName)).length).toBeGreaterThanOrEqual(2);
  });

  test('gap and overflow events', async () => {
    const client = await listener(-1, '/data/ChangeEvents');
    crm.crm.settings({ changeEvents: 'gap' });
    await crm.call('POST', 'sobjects/Contact', { LastName: 'Gap' });
    const [gap] = await heard(client);
    expect(Object.keys(gap.data.payload)).toEqual(['LastModifiedDate', 'ChangeEventHeader']);
    crm.crm.settings({ changeEvents: 'overflow' });
    await crm.call('POST', 'sobjects/Contact', { LastName: 'Overflow' });
    const [overflow] = await heard(client);
    expect(headers([gap, overflow])).toMatchObject([
      { changeType: 'GAP_CREATE' },
      { changeType: 'GAP_OVERFLOW', recordIds: ['003*'] },
    ]);
  });

  test('who does not see a field is not told of it', async () => {
    const users = ['sync@syncproof.example'];
    crm.crm.rules({
      profiles: [
        { name: 'P', users, objects: { Contact: { fields: { MRN__c: 'hidden', FirstName: 'hidden' } }, Task: { read: false } } },
      ],
    });
    const client = await listener();
    const fields = { LastName: 'Seen', FirstName: 'Unseen', MRN__c: '1' };
    await crm.crm.commit({ changes: [{ op: 'create', type: 'Contact', fields }] });
    const [event] = await heard(client);
    expect(event.data.payload.Name).toEqual({ LastName: 'Seen' });
    expect(event.data.payload).not.toHaveProperty('MRN__c');
    expect(await subscribe(client, '/data/TaskChangeEvent')).toMatchObject({ successful: false });
    crm.crm.rules({ profiles: [] });
  });
});

describe('PushTopics', () => {
  const topic = (fields: object) => crm.call('POST', 'sobjects/PushTopic', { ApiVersion: 60, ...fields });
  const QUERY = "SELECT Id, LastName FROM Contact WHERE MailingCity = 'Topic'";

  test('a row that comes, changes, goes and comes back', async () => {
    expect((await topic({ Name: 'Topical', Query: QUERY })).status).toBe(201);
    const client = await listener(undefined, '/topic/Topical');
    await crm.call('POST', 'sobjects/Contact', { LastName: 'Elsewhere' });
    const { body } = await crm.call('POST', 'sobjects/Contact', { LastName: 'One', MailingCity: 'Topic' });
    await crm.call('PATCH', `sobjects/Contact/${body.id}`, { FirstName: 'Not referenced' });
    await crm.call('PATCH', `sobjects/Contact/${body.id}`, { LastName: 'Two' });
    await crm.call('DELETE', `sobjects/Contact/${body.id}`);
    const events = await heard(client);
    expect(events.map(({ channel, data }: Message) => [channel, data.event.type, data.sobject])).toEqual([
      ['/topic/Topical', 'created', { Id: body.id, LastName: 'One' }],
      ['/topic/Topical', 'updated', { Id: body.id, LastName: 'Two' }],
      ['/topic/Topical', 'deleted', { Id: body.id }],
    ]);
    expect(events[0].data.event).toEqual({
      type: 'created',
      createdDate: expect.stringMatching(/Z$/),
      replayId: expect.any(Number),
    });
    const again = await listener(events[0].data.event.replayId, '/topic/Topical');
    expect((await heard(again)).map(({ data }) => data.event.type)).toEqual(['updated', 'deleted']);
  });

  test.each([
    ['All', ['FirstName', 'LastName', 'MailingCity']],
    ['Referenced', ['LastName', 'MailingCity']],
    ['Select', ['LastName']],
    ['Where', ['MailingCity']],
  ])('NotifyForFields %s', async (NotifyForFields, told) => {
    const Name = `Fields${NotifyForFields}`;
    const Query = "SELECT Id, LastName FROM Contact WHERE MailingCity LIKE 'T%'";
    await topic({ Name, Query, NotifyForFields, NotifyForOperationCreate: false });
    const client = await listener(undefined, `/topic/${Name}`);
    const { body } = await crm.call('POST', 'sobjects/Contact', { LastName: 'One', MailingCity: 'T' });
    const seen = async (): Promise<number> => {
      await crm.call('POST', 'sobjects/Contact', { LastName: 'Untold', MailingCity: 'T' });
      const replies = await poll(client, { advice: { timeout: 0 } });
      return replies.length - 1;
    };
    const heeded = [];
    for (const field of ['FirstName', 'LastName', 'MailingCity']) {
      await crm.call('PATCH', `sobjects/Contact/${body.id}`, { [field]: 'Tx' });
      if ((await seen()) > 0) heeded.push(field);
    }
    expect(heeded).toEqual(told);
  });

  test.each([
    ['SELECT LastName FROM Contact', 'INVALID_FIELD'],
    ['SELECT Id, Account.Name FROM Contact', 'INVALID_FIELD'],
    ["SELECT Id FROM Contact WHERE Account.Name = 'x'", 'INVALID_FIELD'],
    ['SELECT Id, Nope FROM Contact', 'INVALID_FIELD'],
    ['SELECT Id FROM Contact ORDER BY Name', 'INVALID_FIELD'],
    ['SELECT COUNT() FROM Contact', 'INVALID_FIELD'],
    ['SELECT Id FROM Nope', 'INVALID_TYPE'],
    ['SELECT Id FROM Contact WHERE AccountId IN (SELECT Id FROM Account)', 'MALFORMED_QUERY'],
    ['SELECT', 'MALFORMED_QUERY'],
  ])('no topic: %s', async (Query, errorCode) => {
    const { status, body } = await topic({ Name: 'Refused', Query });
    expect({ status, code: body[0].errorCode, fields: body[0].fields }).toEqual({
      status: 400,
      code: errorCode,
      fields: ['Query'],
    });
  });

  test('nothing of what one may not see', async () => {
    await topic({ Name: 'Private', Query: "SELECT Id, LastName, FirstName FROM Contact WHERE LastName = 'Private'" });
    const users = ['sync@syncproof.example'];
    crm.crm.rules({ profiles: [{ name: 'P', users, objects: { Contact: { fields: { FirstName: 'hidden' } } } }] });
    const client = await listener(undefined, '/topic/Private');
    await crm.crm.commit({ changes: [{ op: 'create', type: 'Contact', fields: { LastName: 'Private', FirstName: 'Unseen' } }] });
    const [event] = await heard(client);
    expect(event.data.sobject).toEqual({ Id: expect.any(String), LastName: 'Private' });
    crm.crm.rules({ profiles: [{ name: 'P', users, objects: { Contact: { read: false } } }] });
    expect(await subscribe(await shake(), '/topic/Private')).toMatchObject({ successful: false });
    crm.crm.rules({ profiles: [] });
  });

  test('a channel only while its topic is active', async () => {
    const { body } = await topic({ Name: 'Sleeping', Query: QUERY, IsActive: false });
    const client = await shake();
    expect(await subscribe(client, '/topic/Sleeping')).toMatchObject({ successful: false });
    await crm.call('PATCH', `sobjects/PushTopic/${body.id}`, { IsActive: true });
    expect(await subscribe(client, '/topic/Sleeping')).toMatchObject({ successful: true });
    expect((await topic({ Name: 'sleeping', Query: QUERY })).body[0].errorCode).toBe('DUPLICATE_VALUE');
  });
});

describe('platform events', () => {
  test('published, heard, replayed, never stored', async () => {
    const client = await listener(-1, '/event/EHR_Event__e');
    const { status, body } = await crm.call('POST', 'sobjects/EHR_Event__e', { Key__c: 'k1' });
    expect([status, body]).toEqual([
      201,
      {
        id: expect.stringMatching(/^e00/),
        success: true,
        errors: [{ statusCode: 'OPERATION_ENQUEUED', message: expect.stringMatching(/^[0-9a-f-]{36}$/), fields: [] }],
      },
    ]);
    const [event] = await heard(client);
    expect(event).toMatchObject({
      channel: '/event/EHR_Event__e',
      data: { payload: { Key__c: 'k1', CreatedById: '005000000000001AAA' } },
    });
    expect((await heard(await listener(-2, '/event/EHR_Event__e'))).length).toBe(1);
    expect((await crm.query('SELECT Id FROM EHR_Event__e')).body[0].errorCode).toBe('INVALID_TYPE');
  });
});

describe('the protocol', () => {
  test.each([
    [{ channel: '/meta/connect', clientId: 'x', connectionType: 'long-polling' }, '403::Unknown client', 'handshake'],
    [{ channel: '/meta/subscribe', clientId: 'x', subscription: CHANNEL }, '403::Unknown client', 'handshake'],
  ])('%j', async (message, error, reconnect) => {
    expect((await say([message]))[0]).toMatchObject({ successful: false, error, advice: { reconnect } });
  });

  test('a bad token at the handshake', async () => {
    const [told] = await say([{ channel: '/meta/handshake' }], 'x');
    expect(told).toMatchObject({
      successful: false,
      error: '403::Handshake denied',
      advice: { reconnect: 'none' },
      ext: { sfdc: { failureReason: '401::Authentication invalid' } },
    });
  });

  test.each([
    ['/data/NopeChangeEvent', '400::The channel you requested to subscribe to does not exist {/data/NopeChangeEvent}'],
    ['data', "400::Channel subscriptions must start with a leading '/'"],
  ])('subscribing to %s', async (channel, error) => {
    expect(await subscribe(await shake(), channel)).toMatchObject({ successful: false, error });
  });

  test('a client that does not come back is forgotten', async () => {
    const client = await listener();
    await crm.clock.advance(41_000);
    expect((await poll(client))[0]).toMatchObject({ error: '403::Unknown client' });
  });

  test('a long poll ends after its time, and when the session is killed', async () => {
    const client = await listener();
    const held = poll(client);
    await new Promise((resolve) => setTimeout(resolve, 30));
    await crm.clock.advance(110_000);
    expect(await held).toEqual([{ channel: '/meta/connect', clientId: client, successful: true }]);
    crm.crm.killSessions();
    expect((await poll(client))[0]).toMatchObject({
      successful: false,
      error: '401::Authentication invalid',
      advice: { reconnect: 'none' },
    });
  });

  test('an old version', async () => {
    expect((await crm.call('POST', '/cometd/36.0', [])).status).toBe(400);
  });
});
