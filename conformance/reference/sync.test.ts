import { mkdtempSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { decodeMessage, segment, value } from './hl7/message.ts';
import { listenMllp, type MllpServer, sendMllp } from './hl7/mllp.ts';
import type { Machine } from './model.ts';
import type { Settings, Site } from './settings.ts';
import { referenceSteps, type Steps } from './steps.ts';
import { type Sync, startSync } from './sync.ts';

const OID = '1.2.3';
const KEY = `${OID}|1234`;

type Reply = { status: number; body?: unknown } | 'reset';
type Served = (method: string, path: string, body: string) => Reply;

/** The smallest server: a function from request to answer. */
async function serve(answer: Served): Promise<{ url: string; close(): void }> {
  const server = http.createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const reply = answer(request.method ?? '', decodeURIComponent(request.url ?? '').replaceAll('+', ' '), body);
    if (reply === 'reset') return request.socket.destroy();
    response.writeHead(reply.status, { 'content-type': 'application/json' });
    response.end(reply.body === undefined ? undefined : JSON.stringify(reply.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => void server.close() };
}

type Row = Record<string, unknown> & { Id: string; EHR_Key__c: string; SystemModstamp: string };

/** A CRM with upsert by external id and the two queries that the sync makes. */
function fakeCrm() {
  const rows: Row[] = [];
  const writes: string[] = [];
  let faults: (Reply | 'lost')[] = [];
  const row = (key: string) => rows.find((one) => one.EHR_Key__c === key);
  const edit = (key: string, fields: object) =>
    Object.assign(row(key) as Row, fields, { SystemModstamp: new Date().toISOString() });
  const answer: Served = (method, path, body) => {
    if (path === '/services/oauth2/token') return { status: 200, body: { access_token: 't' } };
    if (method === 'GET') {
      const [, object = '', key, since = ''] =
        /FROM (\w+) WHERE EHR_Key__c (?:= '(.*)'|!= null(?: AND SystemModstamp >= (\S+))?)/.exec(path) ?? [];
      const found = rows.filter((one) => one.object === object && (key ? one.EHR_Key__c === key : one.SystemModstamp >= since));
      return { status: 200, body: { records: found } };
    }
    const fault = faults.shift();
    if (fault && fault !== 'lost') return fault;
    const [, object = '', key = ''] = /sobjects\/(\w+)\/EHR_Key__c\/(.*)/.exec(path) ?? [];
    writes.push(`${object} ${body}`);
    const created = !row(key);
    if (created) rows.push({ object, Id: `id${rows.length}`, EHR_Key__c: key, SystemModstamp: '' });
    edit(key, JSON.parse(body));
    if (fault === 'lost') return 'reset';
    return { status: created ? 201 : 200, body: { id: row(key)?.Id, success: true, created } };
  };
  return {
    rows,
    writes,
    row,
    edit,
    answer,
    fail(...next: typeof faults) {
      faults = next;
    },
    faultsLeft: () => faults.length,
  };
}

let crm: ReturnType<typeof fakeCrm>;
let crmServer: Awaited<ReturnType<typeof serve>>;
let hospital: MllpServer;
let sync: Sync;
let settings: Settings;
const received: string[] = [];
let answers: string[] = [];

const machine: Machine = {
  now: Date.now,
  random: Math.random,
  log: () => undefined,
  sleep: (ms, signal) => wait(ms, undefined, { signal }).catch(() => undefined),
};
const steps: Steps = { ...referenceSteps, backoff: () => 5 };

beforeEach(async () => {
  received.length = 0;
  answers = [];
  crm = fakeCrm();
  crmServer = await serve(crm.answer);
  hospital = await listenMllp({ host: '127.0.0.1', port: 0 }, async (bytes) => {
    received.push(bytes.toString());
    const code = answers.shift() ?? 'AA';
    return Buffer.from(`MSH|^~\\&|||||||ACK|1|P|2.5.1\rMSA|${code}|${decodeMessage(bytes.toString()).control}\r`);
  });
  const site: Site = {
    name: 'north',
    authority: OID,
    timeZone: 'America/Chicago',
    mllp: { bind: { host: '127.0.0.1', port: 0 } },
    sendTo: { host: '127.0.0.1', port: hospital.port },
  };
  settings = {
    sites: [site],
    crm: { loginUrl: crmServer.url, instanceUrl: crmServer.url, clientId: 'c', clientSecret: 's', apiVersion: '60.0' },
    dataFolder: mkdtempSync(join(tmpdir(), 'sync-')),
    survives: 'kill',
    pollMs: 10,
    crmPollMs: 10,
    exportMs: 10,
    httpTimeoutMs: 1000,
    instance: '0',
  };
  sync = await startSync(steps, settings, machine);
});

afterEach(async () => {
  await sync.stop();
  await hospital.close();
  crmServer.close();
});

let time = Date.parse('2026-03-10T10:00:00Z');
const tick = (): number => {
  time += 1000;
  return time;
};
const stamp = (at: number) => `${new Date(at).toISOString().replace(/[-:TZ]/g, '')}+0000`;

/** Sends a message of the feed and returns the code that acknowledged it. */
async function feed(event: string, segments: string[], { at = tick(), control = String(at) } = {}): Promise<string> {
  const header = `MSH|^~\\&|EPIC|NORTH|||${stamp(at)}||${event}|${control}|P|2.5.1`;
  const text = [header, ...segments].map((one) => `${one}\r`).join('');
  const reply = await sendMllp(
    { host: '127.0.0.1', port: sync.ports.north as number },
    Buffer.from(text),
    AbortSignal.timeout(2000),
  );
  return value(segment(decodeMessage(reply.toString()), 'MSA'), 1);
}
const pid = (family: string, mrn = '1234', language = 'en') =>
  `PID|1||${mrn}^^^NORTH&${OID}&ISO^MR||${family}^Ann^^^^^L||19800131|F|||||||${language}`;
const sch = (status: string) =>
  `SCH|9|9||||||V^Visit|||^^^20260312043000+0000|||||||||||||||${status}`.replace(/\|{15}(?=\w+$)/, '|'.repeat(14));

describe('from the feed to the CRM', () => {
  it('creates a contact and an appointment that points to it, once, whatever is sent again', async () => {
    for (let copy = 0; copy < 5; copy += 1) expect(await feed('ADT^A04', [pid('Lee')], { at: time, control: 'same' })).toBe('AA');
    await feed('SIU^S12', [sch('Booked'), pid('Lee')]);
    await vi.waitFor(() => expect(crm.rows).toHaveLength(2));
    expect(crm.row(KEY)).toMatchObject({
      LastName: 'Lee',
      Birthdate: '1980-01-31',
      Preferred_Language__c: 'en',
      Active__c: true,
    });
    expect(crm.row(`${OID}|9`)).toMatchObject({
      Contact__r: { EHR_Key__c: KEY },
      Status__c: 'Booked',
      Local_Date__c: '2026-03-11',
    });
    expect(crm.writes).toHaveLength(2);
  });

  it('writes only what changed', async () => {
    await feed('ADT^A04', [pid('Lee')]);
    await vi.waitFor(() => expect(crm.writes).toHaveLength(1));
    await feed('ADT^A08', [pid('Lee', '1234', 'fr')]);
    await feed('ADT^A08', [pid('Ray', '1234', 'fr')]);
    await vi.waitFor(() =>
      expect(crm.writes).toEqual([
        expect.anything(),
        expect.stringMatching(/^Contact \{"LastName":"Ray"(,"EHR_\w+":"[^"]+")*\}$/),
      ]),
    );
  });

  it('ends with the newest, in whatever order it comes', async () => {
    const [old, recent] = [tick(), tick()];
    await feed('ADT^A08', [pid('Newer')], { at: recent });
    await feed('ADT^A08', [pid('Older')], { at: old });
    await feed('SIU^S15', [sch('Cancelled'), pid('Newer')], { at: recent, control: 'x2' });
    await feed('SIU^S12', [sch('Booked'), pid('Older')], { at: old, control: 'x1' });
    await vi.waitFor(() => expect(crm.row(`${OID}|9`)).toMatchObject({ Status__c: 'Cancelled', Type__c: 'Visit' }));
    expect(crm.row(KEY)).toMatchObject({ LastName: 'Newer' });
  });

  it('refuses what it cannot take, and writes nothing of it', async () => {
    expect(await feed('ADT^A04', [])).toBe('AE');
    expect(await feed('ADT^Z01', [pid('Lee')])).toBe('AR');
    await feed('ADT^A04', [pid('Lee', '77')]);
    await vi.waitFor(() => expect(crm.rows).toHaveLength(1));
  });
});

describe('when the CRM fails', () => {
  it.each([
    ['an answer is lost after the commit', ['lost'], 1],
    ['it is down for a while', [{ status: 503 }, 'reset', { status: 500 }, { status: 503 }], 1],
    ['a limit is reached', [{ status: 403, body: [{ errorCode: 'REQUEST_LIMIT_EXCEEDED' }] }], 1],
    ['the session ends', [{ status: 401 }], 1],
  ] as const)('%s: one contact, nothing lost', async (_, faults, rows) => {
    crm.fail(...(faults as unknown as Parameters<typeof crm.fail>));
    await feed('ADT^A04', [pid('Lee')]);
    await vi.waitFor(() => expect(crm.row(KEY)).toMatchObject({ LastName: 'Lee' }));
    expect(crm.rows).toHaveLength(rows);
  });

  it('a record that it refuses does not hold up the next', async () => {
    crm.fail({ status: 400, body: [{ errorCode: 'STRING_TOO_LONG', fields: ['LastName'] }] });
    await feed('ADT^A04', [pid('Lee')]);
    await vi.waitFor(() => expect(crm.faultsLeft()).toBe(0));
    await feed('ADT^A04', [pid('Ray', '77')]);
    await vi.waitFor(() => expect(crm.row(`${OID}|77`)).toBeDefined());
    await feed('ADT^A08', [pid('Li')]);
    await vi.waitFor(() => expect(crm.row(KEY)).toMatchObject({ LastName: 'Li' }));
  });

  it('what was acknowledged is written after a restart', async () => {
    crm.fail(...Array.from({ length: 1000 }, () => ({ status: 503 })));
    expect(await feed('ADT^A04', [pid('Lee')])).toBe('AA');
    await sync.stop();
    crm.fail();
    sync = await startSync(steps, settings, machine);
    await vi.waitFor(() => expect(crm.row(KEY)).toMatchObject({ LastName: 'Lee' }));
  });
});

describe('when a CRM user edits', () => {
  beforeEach(async () => {
    await feed('ADT^A04', [pid('Lee')]);
    await vi.waitFor(() => expect(crm.row(KEY)).toBeDefined());
    await wait(50);
  });

  it('puts back what the EHR owns, and tells the hospital nothing', async () => {
    crm.edit(KEY, { LastName: 'Typo', HomePhone: '555' });
    await vi.waitFor(() => expect(crm.row(KEY)).toMatchObject({ LastName: 'Lee', HomePhone: null }));
    await wait(50);
    expect([crm.writes.length, received.length]).toEqual([2, 0]);
  });

  it('carries what the CRM owns to the hospital once, and lets the echo change nothing', async () => {
    answers = ['AE'];
    crm.edit(KEY, { Preferred_Language__c: 'es' });
    await vi.waitFor(() => expect(received).toHaveLength(2));
    expect(received[0]).toBe(received[1]);
    await feed('ADT^A31', [pid('Lee', '1234', 'es')]);
    await wait(50);
    expect(received).toHaveLength(2);
    expect(crm.writes).toHaveLength(1);
    expect(crm.row(KEY)).toMatchObject({ Preferred_Language__c: 'es' });
  });

  it('shows what the hospital will not have, and moves on', async () => {
    answers = ['AE', 'AE'];
    crm.edit(KEY, { Preferred_Language__c: 'es' });
    const mark = 'The hospital refused Preferred_Language__c';
    await vi.waitFor(() => expect(crm.row(KEY)).toMatchObject({ Write_Back_Error__c: mark }));
    expect(received).toHaveLength(2);
    crm.edit(KEY, { Preferred_Language__c: 'fr' });
    await vi.waitFor(() => expect(crm.row(KEY)).toMatchObject({ Write_Back_Error__c: null }));
    expect(received).toHaveLength(3);
  });
});

describe('from polls to the CRM', () => {
  it('repairs what the feed lost, over all pages', async () => {
    const chart = {
      resourceType: 'Patient',
      id: 'e1',
      identifier: [{ system: `urn:oid:${OID}`, value: '1234' }],
      name: [{ use: 'official', family: 'Polled', given: ['Ann'] }],
      gender: 'female',
      birthDate: '1980-01-31',
    };
    const visits = [1, 2].map((n) => ({
      resourceType: 'Appointment',
      id: `a${n}`,
      identifier: [{ value: `v${n}` }],
      status: 'booked',
      start: '2026-03-12T04:30:00Z',
    }));
    const bundle = (resource: object, next?: string) => ({
      status: 200,
      body: { resourceType: 'Bundle', entry: [{ resource }], link: next ? [{ relation: 'next', url: next }] : [] },
    });
    const ehr = await serve((_, path) => {
      if (path === '/token') return { status: 200, body: { access_token: 't', expires_in: 300 } };
      if (path === `/R4/Patient?identifier=urn:oid:${OID}|1234`) return bundle(chart);
      if (path === '/R4/Patient/e1') return { status: 200, body: chart };
      if (path === '/R4/Appointment?patient=e1') return bundle(visits[0] as object, `${ehr.url}/R4/Appointment?page=2`);
      if (path === '/R4/Appointment?page=2') return bundle(visits[1] as object);
      return { status: 404 };
    });
    await sync.stop();
    const fhir = { url: `${ehr.url}/R4`, tokenUrl: `${ehr.url}/token`, clientId: 'c', clientSecret: 's' };
    sync = await startSync(steps, { ...settings, sites: [{ ...(settings.sites[0] as Site), fhir }] }, machine);
    await feed('ADT^A04', [pid('Lee')]);
    await vi.waitFor(() => expect(crm.row(KEY)).toMatchObject({ LastName: 'Polled' }));
    await vi.waitFor(() => expect(crm.rows.map((row) => row.EHR_Key__c).sort()).toEqual([KEY, `${OID}|v1`, `${OID}|v2`].sort()));
    await wait(50);
    expect(crm.writes.length).toBeLessThanOrEqual(4);
    ehr.close();
  });
});
