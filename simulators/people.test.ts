import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Crm } from '#crm';
import type { EhrSite } from '#ehr';
import { type Sandbox, startSandbox } from './sandbox.ts';

const AUTHORITY = '1.2.840.114350.1.13.999.2.7.5.737384.14';
const CLIENT = { id: 'tester', secret: 'tester-secret', scopes: ['system/*.*'] };
const [ROSA, OTHER] = ['204181', '204182'];
let sandbox: Sandbox;
let site: EhrSite;
let crm: Crm;
let fhir: Record<'base' | 'token', string>;
const ids: Record<string, string> = {};

beforeAll(async () => {
  const config = { name: 'plain', vendor: 'r4', authority: AUTHORITY, timeZone: 'America/New_York', clients: [CLIENT] };
  sandbox = await startSandbox({ sites: [config] });
  site = sandbox.parts.find(({ name }) => name === 'plain') as EhrSite;
  crm = sandbox.parts.find(({ name }) => name === 'crm') as Crm;
  for (const mrn of [ROSA!, OTHER!]) {
    const identifier = [{ system: site.systems.mrn, value: mrn }];
    const patient = { resourceType: 'Patient', identifier, name: [{ family: 'Peña', given: ['Rosa'] }] };
    const made = await site.commit({ act: 'register', changes: [{ op: 'create', type: 'Patient', resource: patient as never }] });
    ids[mrn] = made.resources[0]!.id;
    const visit = {
      ...{ resourceType: 'Appointment', status: 'booked', start: '2026-05-01T10:00:00Z', end: '2026-05-01T10:30:00Z' },
      participant: [{ status: 'accepted', actor: { reference: `Patient/${ids[mrn]}` } }],
    };
    const booked = await site.commit({ act: 'book', changes: [{ op: 'create', type: 'Appointment', resource: visit as never }] });
    ids[`visit of ${mrn}`] = booked.resources[0]!.id;
    const fields = { LastName: 'Peña', MRN__c: mrn, MRN_Authority__c: AUTHORITY, EHR_Key__c: `${AUTHORITY}|${mrn}` };
    const row = await crm.commit({ act: 'create', changes: [{ op: 'create', type: 'Contact', fields }] });
    ids[`contact of ${mrn}`] = row.records[0]!.id;
  }
  const { addresses } = site.describe();
  const authorization = `Basic ${Buffer.from(`${CLIENT.id}:${CLIENT.secret}`).toString('base64')}`;
  const form = new URLSearchParams({ grant_type: 'client_credentials', scope: 'system/*.*' });
  const granted = await fetch(addresses.token!, { method: 'POST', headers: { authorization }, body: form });
  fhir = { base: addresses.fhir!, token: ((await granted.json()) as { access_token: string }).access_token };
});
afterAll(() => sandbox.stop());
beforeEach(() => void sandbox.kernel.rules.heal());

const read = async (path: string): Promise<number> =>
  (await fetch(`${fhir.base}/${path}`, { headers: { authorization: `Bearer ${fhir.token}` } })).status;

const PERSONS = [ROSA!, `${AUTHORITY}|${ROSA}`];

test.each([
  ['a read', () => `Patient/${ids[ROSA!]}`, true],
  ['a read of somebody else', () => `Patient/${ids[OTHER!]}`, false],
  ['a read of an appointment', () => `Appointment/${ids[`visit of ${ROSA}`]}`, true],
  ["a read of somebody else's", () => `Appointment/${ids[`visit of ${OTHER}`]}`, false],
  ['a search by number', () => `Patient?identifier=${encodeURIComponent(`${site.systems.mrn}|${ROSA}`)}`, true],
  ['a search by id', () => `Appointment?patient=${ids[ROSA!]}`, true],
  ['a search that names nobody', () => 'Patient?birthdate=1999-01-01', false],
])('a rule about a person hits %s at the EHR: %s', async (_, path, hit) => {
  for (const person of PERSONS) {
    sandbox.kernel.rules.heal();
    sandbox.kernel.rules.arm({ fault: 'vendor-error', params: { error: 'unavailable' }, where: { sim: 'ehr', person } });
    expect([person, await read(path())]).toEqual([person, hit ? 503 : 200]);
  }
});

test('a search that finds a person touches them, though it names nobody', async () => {
  sandbox.kernel.rules.arm({ fault: 'fail-after-commit', where: { site: 'plain', person: ROSA } });
  const { id } = sandbox.kernel.rules.arm({ fault: 'cut-body', where: { sim: 'ehr', person: ROSA } });
  await read('Patient?name=Rosa').catch(() => 0);
  expect(sandbox.kernel.rules.list().find((rule) => rule.id === id)).toMatchObject({ fired: 1 });
});

test('the same number of another hospital is another person', async () => {
  sandbox.kernel.rules.arm({ fault: 'vendor-error', where: { sim: 'ehr', person: `1.9.9|${ROSA}` } });
  expect(await read(`Patient/${ids[ROSA!]}`)).toBe(200);
});

test.each([
  ['by id', () => `Contact/${ids[`contact of ${ROSA}`]}`, true],
  ['of somebody else', () => `Contact/${ids[`contact of ${OTHER}`]}`, false],
  ['by key', () => `Contact/EHR_Key__c/${encodeURIComponent(`${AUTHORITY}|${ROSA}`)}`, true],
])('a rule about a person hits a read of a contact %s at the CRM: %s', async (_, path, hit) => {
  const { addresses, credentials } = crm.describe();
  const form = { grant_type: 'client_credentials', client_id: credentials.clientId!, client_secret: credentials.clientSecret! };
  const granted = await fetch(`${addresses.login}/services/oauth2/token`, { method: 'POST', body: new URLSearchParams(form) });
  const { access_token } = (await granted.json()) as { access_token: string };
  for (const person of PERSONS) {
    sandbox.kernel.rules.heal();
    sandbox.kernel.rules.arm({ fault: 'vendor-error', params: { error: 'unavailable' }, where: { sim: 'crm', person } });
    const url = `${addresses.login}/services/data/v60.0/sobjects/${path()}`;
    const { status } = await fetch(url, { headers: { authorization: `Bearer ${access_token}` } });
    expect([person, status]).toEqual([person, hit ? 503 : 200]);
  }
});

let day = 0;
const queued = async (): Promise<number> =>
  ((await (await fetch(`${sandbox.controlUrl}/v1/sites/plain/link`)).json()) as { queued: number }).queued;

test.each([
  [ROSA, true],
  [`${AUTHORITY}|${ROSA}`, true],
  [`1.9.9|${ROSA}`, false],
  [OTHER, false],
])('a rule about %s hits a message about the first: %s', async (person, hit) => {
  const { rules } = sandbox.kernel;
  const hits = (id: string): number => rules.list().find((rule) => rule.id === id)!.fired;
  const about = rules.arm({ fault: 'drop', where: { sim: 'hl7', person } });
  const any = rules.arm({ fault: 'drop', where: { sim: 'hl7' } });
  await fetch(`${sandbox.controlUrl}/v1/sites/plain/link`, { method: 'POST', body: JSON.stringify({ target: '127.0.0.1:9' }) });
  const patch = { birthDate: `1980-01-${10 + day++}` } as never;
  // Those of before are dropped by now, too, or will be: the last is what counts.
  await expect.poll(() => queued()).toBe(0);
  const before = [hits(about.id), hits(any.id)];
  await site.commit({ act: 'update', changes: [{ op: 'update', type: 'Patient', id: ids[ROSA!]!, patch }] });
  await expect.poll(() => hits(any.id)).toBe(before[1]! + 1);
  expect(hits(about.id) - before[0]!).toBe(hit ? 1 : 0);
});
