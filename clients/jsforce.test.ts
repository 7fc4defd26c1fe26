import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import jsforce, { type Connection } from 'jsforce';
import { StreamingExtension } from 'jsforce/lib/api/streaming.js';
import { type Sandbox, startSandbox } from './sandbox.ts';

/** jsforce, unmodified, over plain http: what its users do most. */

let sandbox: Sandbox;
let url: string;
let credentials: Record<string, string>;
let connection: Connection;

before(async () => {
  sandbox = await startSandbox();
  const crm = sandbox.part('crm');
  credentials = crm.credentials;
  url = crm.addresses.login!;
  connection = new jsforce.Connection({ loginUrl: url });
  await connection.login(credentials.username!, credentials.password! + credentials.securityToken!);
});
after(() => sandbox.stop());

describe('login', () => {
  test('SOAP, its default', async () => {
    const { username, password, securityToken, orgId } = credentials;
    const soap = new jsforce.Connection({ loginUrl: url });
    const user = await soap.login(username!, password! + securityToken!);
    assert.equal(user.organizationId, orgId);
    assert.equal(soap.instanceUrl, url);
    const { accessToken } = soap;
    await soap.logout();
    const ended = new jsforce.Connection({ instanceUrl: url, accessToken: accessToken! });
    await assert.rejects(async () => void (await ended.query('SELECT Id FROM User')), { name: 'INVALID_SESSION_ID' });
  });

  test('a wrong password', async () => {
    await assert.rejects(
      new jsforce.Connection({ loginUrl: url }).login(credentials.username!, 'x'),
      /INVALID_LOGIN: Invalid username/,
    );
  });

  test('password grant', async () => {
    const { clientId, clientSecret, username, password, securityToken } = credentials;
    const oauth = new jsforce.Connection({ oauth2: { loginUrl: url, clientId, clientSecret } });
    await oauth.login(username!, password! + securityToken!);
    assert.match(oauth.accessToken as string, /^00D000000000001!/);
  });

  test('client credentials', async () => {
    const { clientId, clientSecret, username } = credentials;
    const app = new jsforce.Connection({ instanceUrl: url, oauth2: { clientId, clientSecret, loginUrl: url } });
    await app.authorize({ grant_type: 'client_credentials' });
    const identity = await app.identity();
    assert.equal(identity.username, username);
    assert.equal((await app.query(`SELECT Id FROM User WHERE Username = '${username}'`)).totalSize, 1);
    await app.logout(true);
  });
});

describe('records', () => {
  test('by SOAP: create, upsert, update, delete', async () => {
    const { soap } = connection;
    const made = await soap.create({ type: 'Contact', LastName: 'Soap & Co', EHR_Key__c: 'soap-1' });
    assert.equal(made.success, true);
    const again = await soap.upsert('EHR_Key__c', { type: 'Contact', EHR_Key__c: 'soap-1', FirstName: 'Ann' });
    assert.deepEqual([again.created, again.id], [false, made.id]);
    const both = await soap.update([
      { type: 'Contact', Id: made.id!, FirstName: 'Bea' },
      { type: 'Contact', Id: '003000000000009AAA', FirstName: 'x' },
    ]);
    assert.deepEqual(
      both.map(({ success }) => success),
      [true, false],
    );
    assert.equal((await connection.sobject('Contact').retrieve(made.id!)).Name, 'Bea Soap & Co');
    assert.equal([await soap.delete(made.id!)].flat()[0]?.success, true);
  });

  test('by SOAP: merge, convertLead, emptyRecycleBin', async () => {
    const { soap } = connection;
    const created = await soap.create(['Kept', 'Lost'].map((LastName) => ({ type: 'Contact', LastName })));
    const [kept, lost] = created.map(({ id }) => id as string);
    const visit = await connection.sobject('Appointment__c').create({ Contact__c: lost! });
    const masterRecord = { type: 'Contact', Id: kept!, MailingCity: 'Troy' };
    const merged = await soap.merge({ additionalInformationMap: [], masterRecord, recordToMergeIds: [lost!] });
    assert.deepEqual(
      [merged.success, merged.id, merged.mergedRecordIds, merged.updatedRelatedIds],
      [true, kept, [lost], [visit.id]],
    );
    const gone = await connection.query<{ MasterRecordId: string }>(`SELECT MasterRecordId FROM Contact WHERE Id = '${lost}'`, {
      scanAll: true,
    });
    assert.equal(gone.records[0]!.MasterRecordId, kept);
    const emptied = await soap.emptyRecycleBin([lost!]);
    assert.equal([emptied].flat()[0]?.success, true);
    const lead = await soap.create({ type: 'Lead', LastName: 'Lead', Company: 'Home' });
    const convert = { leadId: lead.id!, convertedStatus: 'Closed - Converted', doNotCreateOpportunity: true };
    const converted = await soap.convertLead(convert as Parameters<typeof soap.convertLead>[0]);
    assert.equal((converted as { success: boolean }).success, true);
    const { contactId } = converted as { contactId: string };
    assert.equal((await connection.sobject('Contact').retrieve(contactId)).LastName, 'Lead');
  });

  test('create, retrieve, update, delete', async () => {
    const made = await connection.sobject('Contact').create({ LastName: 'Ode', FirstName: 'Ann' });
    assert.equal(made.success, true);
    const id = made.id as string;
    assert.equal((await connection.sobject('Contact').retrieve(id)).Name, 'Ann Ode');
    assert.deepEqual(await connection.sobject('Contact').update({ Id: id, FirstName: null }), { id, success: true, errors: [] });
    assert.equal((await connection.sobject('Contact').findOne({ Id: id }, 'Name'))?.Name, 'Ode');
    await connection.sobject('Contact').destroy(id);
    await assert.rejects(connection.sobject('Contact').destroy(id), { name: 'ENTITY_IS_DELETED' });
  });

  test('upsert by external id says whether it created', async () => {
    const record = { EHR_Key__c: 'urn:oid:1.2|47 11', LastName: 'Ode' };
    const first = await connection.sobject('Contact').upsert(record, 'EHR_Key__c');
    const again = await connection.sobject('Contact').upsert({ ...record, FirstName: 'Bea' }, 'EHR_Key__c');
    assert.deepEqual([first.created, again.created, again.id], [true, false, first.id]);
  });

  test('errors keep their name, fields and data', async () => {
    await assert.rejects(connection.sobject('Contact').create({ FirstName: 'x' }), {
      name: 'REQUIRED_FIELD_MISSING',
      message: 'Required fields are missing: [LastName]',
    });
    await assert.rejects(async () => void (await connection.query('SELECT Nope FROM Contact')), { name: 'INVALID_FIELD' });
    for (const LastName of ['a', 'b']) await connection.sobject('Contact').create({ LastName, MRN__c: 'same' });
    await assert.rejects(connection.sobject('Contact').upsert({ MRN__c: 'same', LastName: 'c' }, 'MRN__c'), {
      name: 'MULTIPLE_CHOICES',
    });
  });
});

describe('many', () => {
  test('collections in arrays', async () => {
    const made = await connection.sobject('Contact').create([{ LastName: 'One' }, { FirstName: 'bad' }, { LastName: 'Three' }]);
    assert.deepEqual(
      made.map((row) => row.success),
      [true, false, true],
    );
    const upserted = await connection.sobject('Contact').upsert(
      [
        { EHR_Key__c: 'm1', LastName: 'x' },
        { EHR_Key__c: 'm2', LastName: 'y' },
      ],
      'EHR_Key__c',
    );
    assert.deepEqual(
      upserted.map((row) => row.success),
      [true, true],
    );
  });

  test('query fetches page after page', async () => {
    const people = Array.from({ length: 2500 }, (_, i) => ({ LastName: `P${i}`, MRN_Authority__c: 'many' }));
    await connection.sobject('Contact').create(people, { allowRecursive: true });
    const seen = new Set<string>();
    await new Promise<void>((resolve, reject) => {
      connection
        .query("SELECT LastName FROM Contact WHERE MRN_Authority__c = 'many'")
        .on('record', (record) => seen.add(record.LastName))
        .on('end', () => resolve())
        .on('error', reject)
        .run({ autoFetch: true, maxFetch: 10_000 });
    });
    assert.equal(seen.size, 2500);
    assert.equal(await connection.sobject('Contact').count({ MRN_Authority__c: 'many' }), 2500);
  });
});

describe('about the org', () => {
  test('describe, limits, recent, updated', async () => {
    const contact = await connection.describe('Contact');
    assert.ok(contact.fields.some((field) => field.name === 'EHR_Key__c' && field.externalId));
    const types = (await connection.describeGlobal()).sobjects.map((type) => type.name);
    for (const name of ['Account', 'Appointment__c', 'Contact', 'Task', 'User']) assert.ok(types.includes(name), name);
    assert.ok((await connection.limits()).DailyApiRequests!.Max > 0);
    assert.ok(connection.limitInfo.apiUsage!.used > 0);
    assert.ok((await connection.recent('Contact', 5)).length > 0);
    const now = Date.now();
    const updated = await connection.sobject('Contact').updated(new Date(now - 3_600_000), new Date(now + 120_000));
    assert.ok(updated.ids.length >= 2500);
  });

  test('children and parents', async () => {
    const { id } = await connection.sobject('Contact').create({ LastName: 'Ode', EHR_Key__c: 'parent' });
    await connection.sobject('Appointment__c').create({ Contact__r: { EHR_Key__c: 'parent' }, Status__c: 'Booked' } as object);
    const [found] = await connection
      .sobject('Contact')
      .find({ Id: id as string }, ['Id', 'Name'])
      .include('Appointments__r')
      .select('Status__c')
      .end()
      .execute();
    assert.equal(
      (found as { Appointments__r?: { records: { Status__c: string }[] } })?.Appointments__r?.records[0]?.Status__c,
      'Booked',
    );
  });
});

describe('bulk', () => {
  const people = Array.from({ length: 300 }, (_, i) => ({ EHR_Key__c: `bulk-${i}`, LastName: i === 7 ? '' : `Bulk ${i}` }));

  test('2.0: upsert and query', async () => {
    const done = await connection.bulk2.loadAndWaitForResults({
      object: 'Contact',
      operation: 'upsert',
      externalIdFieldName: 'EHR_Key__c',
      input: people,
      pollInterval: 20,
    });
    assert.equal(done.successfulResults.length, 299);
    assert.match(
      done.failedResults[0]!.sf__Error,
      /^REQUIRED_FIELD_MISSING:Required fields are missing: \[LastName\]:LastName --$/,
    );
    const stream = await connection.bulk2.query("SELECT Id, EHR_Key__c FROM Contact WHERE EHR_Key__c LIKE 'bulk-%'", {
      pollInterval: 20,
    });
    assert.equal((await stream.toArray()).length, 299);
  });

  test('1.0: load, query, and destroying what a query finds', async () => {
    connection.bulk.pollInterval = 20;
    const rows = Array.from({ length: 250 }, (_, i) => ({ Subject: `bulk one ${i}` }));
    const loaded = (await connection.bulk.load('Task', 'insert', rows)) as { success: boolean }[];
    assert.equal(loaded.filter((row) => row.success).length, 250);
    const stream = await connection.bulk.query("SELECT Id, Subject FROM Task WHERE Subject LIKE 'bulk one %'");
    assert.equal((await stream.toArray()).length, 250);
    const gone = await connection
      .sobject('Task')
      .find({ Subject: { $like: 'bulk one %' } })
      .destroy();
    assert.equal(gone.length, 250);
    // The job is closed behind our back; the sandbox must not end before.
    await new Promise((resolve) => setTimeout(resolve, 300));
  });
});

describe('streaming', () => {
  interface ChangeEvent {
    payload: { ChangeEventHeader: { changeType: string; recordIds: string[]; changeOrigin: string }; LastName?: string };
    event: { replayId: number };
  }

  // Its types leave out what it inherits.
  const hangUp = (client: object) => (client as { disconnect(): void }).disconnect();

  test('change events live, then replayed from where one stopped', async () => {
    const channel = '/data/ContactChangeEvent';
    const heard: ChangeEvent[] = [];
    const until = async (n: number) => {
      for (let i = 0; heard.length < n && i < 100; i++) await new Promise((resolve) => setTimeout(resolve, 30));
      assert.ok(heard.length >= n, `${heard.length} of ${n} events`);
    };
    const live = connection.streaming.createClient([new StreamingExtension.Replay(channel, -1)]);
    const subscription = live.subscribe(channel, (message: ChangeEvent) => void heard.push(message));
    await subscription;
    const { id } = await connection.sobject('Contact').create({ LastName: 'Streamed' });
    await connection.sobject('Contact').update({ Id: id as string, LastName: 'Again' });
    await until(2);
    assert.deepEqual(
      heard.map(({ payload }) => [payload.ChangeEventHeader.changeType, payload.ChangeEventHeader.recordIds]),
      [
        ['CREATE', [id]],
        ['UPDATE', [id]],
      ],
    );
    assert.match(heard[0]!.payload.ChangeEventHeader.changeOrigin, /^com\/salesforce\/api\/rest\/\d\d\.0/);
    subscription.cancel();
    hangUp(live);
    const first = heard[0]!.event.replayId;
    heard.length = 0;
    const later = connection.streaming.createClient([new StreamingExtension.Replay(channel, first)]);
    const again = later.subscribe(channel, (message: ChangeEvent) => void heard.push(message));
    await again;
    await until(1);
    assert.equal(heard[0]!.payload.ChangeEventHeader.changeType, 'UPDATE');
    assert.ok(heard[0]!.event.replayId > first);
    hangUp(later);
    await new Promise((resolve) => setTimeout(resolve, 100));
  });

  test('a PushTopic', async () => {
    const Query = "SELECT Id, LastName FROM Contact WHERE LastName LIKE 'Topic%'";
    await connection.sobject('PushTopic').create({ Name: 'Topical', ApiVersion: 60, Query });
    const heard: unknown[] = [];
    const client = connection.streaming.createClient([]);
    await client.subscribe('/topic/Topical', (message: unknown) => void heard.push(message));
    const { id } = await connection.sobject('Contact').create({ LastName: 'Topic One' });
    for (let i = 0; heard.length === 0 && i < 100; i++) await new Promise((resolve) => setTimeout(resolve, 30));
    const [{ event, sobject }] = heard as [{ event: { type: string }; sobject: object }];
    assert.deepEqual([event.type, sobject], ['created', { Id: id, LastName: 'Topic One' }]);
    hangUp(client);
    await new Promise((resolve) => setTimeout(resolve, 100));
  });
});
