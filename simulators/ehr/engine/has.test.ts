import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Json, narrowToken, register, startSite, type TestSite } from '../test-site.ts';

let test: TestSite;
const ids: Record<string, string> = {};
beforeAll(async () => {
  test = await startSite({ vendor: 'r4' });
  for (const name of ['ada', 'bob', 'eve']) ids[name] = await register(test, name, name);
  const observation = (subject: string, code: string, performer: string) => ({
    op: 'create' as const,
    type: 'Observation',
    resource: {
      resourceType: 'Observation',
      status: 'final',
      code: { coding: [{ system: 'http://loinc.org', code }] },
      subject: { reference: `Patient/${subject}` },
      performer: [{ reference: `Patient/${performer}` }],
    },
  });
  const changes = [
    observation(ids.ada!, '4548-4', ids.eve!),
    observation(ids.ada!, '4548-4', ids.eve!),
    observation(ids.bob!, '2339-0', ids.bob!),
  ];
  await test.site.commit({ act: 'create', changes });
});
afterAll(() => test.close());

const found = async (query: string): Promise<string[]> => {
  const { entry = [] } = await test.get(`/Patient?${query}`);
  return entry.map(({ resource }: Json) => Object.keys(ids).find((name) => ids[name] === resource.id));
};

it.each([
  ['_has:Observation:patient:code=4548-4', ['ada']],
  ['_has:Observation:patient:code=4548-4,2339-0', ['ada', 'bob']],
  ['_has:Observation:subject:code=http://loinc.org|4548-4', ['ada']],
  ['_has:Observation:performer:code=4548-4', ['eve']],
  ['_has:Observation:patient:code=4548-4&family=bob', []],
  ['_has:Observation:patient:code=4548-4&_has:Observation:performer:code=4548-4', []],
  ['_has:Observation:patient:status=cancelled', []],
  ['_has:Observation:patient:code:not=4548-4', ['bob']],
])('%s finds %j', async (query, wanted) => expect(await found(query)).toEqual(wanted));

it('counts each once, and pages', async () => {
  expect((await test.get('/Patient?_has:Observation:patient:code=4548-4&_count=1')).total).toBe(1);
});

it.each([
  '_has=1',
  '_has:Observation:patient=1',
  '_has:Nonsense:patient:code=1',
  '_has:Observation:code:code=1',
  '_has:Observation:patient:nonsense=1',
  '_has:Encounter:service-provider:status=finished',
  '_has:Observation:patient:_has:Provenance:target:agent=1',
])('%s is refused with 400', async (query) => expect((await test.call(`/Patient?${query}`)).status).toBe(400));

it('needs the right to search what it looks into', async () => {
  const token = await narrowToken(test, ['system/Patient.rs']);
  const reply = await test.call('/Patient?_has:Observation:patient:code=4548-4', {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(reply.status).toBe(403);
});

it('says so to a vendor’s client where the vendor does not declare it', async () => {
  const epic = await startSite({ vendor: 'epic' });
  const id = await register(epic, 'Ada', '1');
  const reply = await epic.call(`/Appointment?patient=${id}&_has:Provenance:target:agent=1`);
  expect(reply.status).toBe(501);
  await epic.close();
});
