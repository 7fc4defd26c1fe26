import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock } from '#kernel';
import { appointment, fetchToken, type Json, patient, register, startSite, type TestSite } from '../test-site.ts';
import type { Resource } from './resource.ts';

const clock = new ManualClock('2026-03-02T12:00:00.000Z');
let test: TestSite;
const ids: Record<string, string> = {};
const make = async (name: string, resource: Resource): Promise<string> => {
  await clock.advance(1000);
  const { resourceType: type } = resource;
  const { resources } = await test.site.commit({ act: 'create', changes: [{ op: 'create', type, resource }] });
  ids[name] = resources[0]!.id;
  return ids[name];
};
const UCUM = 'http://unitsofmeasure.org';
const lab = (subject: string, value: number, more: object = {}): Resource => ({
  resourceType: 'Observation',
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '2345-7' }] },
  subject: { reference: `Patient/${subject}` },
  valueQuantity: { value, unit: 'mg/dL', system: UCUM, code: 'mg/dL' },
  ...more,
});
beforeAll(async () => {
  test = await startSite({ vendor: 'r4', clock, tokenSeconds: 1_000_000 });
  ids.ada = await register(test, 'Lovelace', '1', {
    generalPractitioner: [{ reference: `Practitioner/${test.site.practitioners[0]}` }],
  });
  ids.bob = await register(test, 'Müller', '2', { gender: 'male', birthDate: '1990-01-01', telecom: undefined });
  await make('sugar', lab(ids.ada, 5.4));
  await make('high', lab(ids.ada, 7.25));
  await make(
    'below',
    lab(ids.bob, 5, { valueQuantity: { value: 2, comparator: '<', unit: 'mg/dL', system: UCUM, code: 'mg/dL' } }),
  );
  await make('pressure', {
    ...lab(ids.bob, 1, { valueQuantity: undefined }),
    code: { coding: [{ system: 'http://loinc.org', code: '85354-9' }] },
    component: [
      {
        code: { coding: [{ system: 'http://loinc.org', code: '8480-6' }] },
        valueQuantity: { value: 120, unit: 'mmHg', system: UCUM, code: 'mm[Hg]' },
      },
      {
        code: { coding: [{ system: 'http://loinc.org', code: '8462-4' }] },
        valueQuantity: { value: 80, unit: 'mmHg', system: UCUM, code: 'mm[Hg]' },
      },
    ],
  });
  await make('visit', appointment(ids.ada, '2026-04-02T15:00:00Z'));
  await make('later', appointment(ids.bob, '2026-04-03T15:00:00Z', { status: 'cancelled' }));
  await make('trace', {
    resourceType: 'Provenance',
    target: [{ reference: `Appointment/${ids.visit}` }],
    recorded: '2026-03-02T12:00:00Z',
    agent: [{ who: { reference: `Practitioner/${test.site.practitioners[0]}` } }],
  });
});
afterAll(() => test.close());

const names = (bundle: Json, mode = 'match'): string[] =>
  (bundle.entry ?? [])
    .filter((entry: Json) => entry.search.mode === mode)
    .map(({ resource }: Json) => Object.keys(ids).find((name) => ids[name] === resource.id) ?? `${resource.resourceType}`);

describe('values and modifiers', () => {
  it.each<[string, string[]]>([
    ['Patient?family=muller', ['bob']],
    ['Patient?family:exact=Muller', []],
    ['Patient?family:exact=Müller', ['bob']],
    ['Patient?family:contains=ove', ['ada']],
    ['Patient?gender:not=female', ['bob']],
    ['Patient?phone:missing=true', ['bob']],
    ['Patient?phone:missing=false', ['ada']],
    ['Patient?general-practitioner:missing=false', ['ada']],
    ['Patient?birthdate=lt1985&gender=female', ['ada']],
    ['Observation?value-quantity=5.4', ['sugar']],
    ['Observation?value-quantity=5', ['sugar']],
    ['Observation?value-quantity=5.40', ['sugar']],
    ['Observation?value-quantity=5.5', []],
    [`Observation?value-quantity=gt5.4|${UCUM}|mg/dL`, ['high']],
    ['Observation?value-quantity=ge5.4||mg/dL', ['sugar', 'high']],
    ['Observation?value-quantity=lt3', ['below']],
    ['Observation?value-quantity=gt5||mmol/L', []],
    ['Observation?value-quantity=ap7', ['high']],
    ['Observation?code-value-quantity=http://loinc.org|2345-7$gt6', ['high']],
    ['Observation?component-code-value-quantity=http://loinc.org|8480-6$120', ['pressure']],
    ['Observation?component-code-value-quantity=http://loinc.org|8480-6$80', []],
    ['Observation?combo-code=8462-4', ['pressure']],
    ['Observation?subject:Patient.family=love', ['sugar', 'high']],
    ['Appointment?patient.family=mul', ['later']],
    ['Appointment?patient.identifier=2', ['later']],
    ['Appointment?actor=Practitioner/none', []],
    ['Appointment?status=http://hl7.org/fhir/appointmentstatus|booked', ['visit']],
    ['Appointment?_id=x,y', []],
  ])('%s', async (query, expected) => expect(names(await test.get(`/${encodeURI(query)}`))).toEqual(expected));

  it('a reference is an id, a type with id, or an address', async () => {
    for (const value of [ids.ada, `Patient/${ids.ada}`, `${test.fhir}/Patient/${ids.ada}`])
      expect(names(await test.get(`/Appointment?patient=${value}`))).toEqual(['visit']);
    expect(names(await test.get(`/Appointment?actor:Patient=${ids.ada}`))).toEqual(['visit']);
  });

  it.each([
    ['Patient?birthdate=soon', 'birthdate: soon is not a date'],
    ['Patient?family:above=x', 'family: the modifier :above is not supported'],
    ['Patient?phone:missing=maybe', 'phone: :missing is true or false'],
    ['Observation?value-quantity=many', 'value-quantity: many is not a number'],
    ['Observation?code-value-quantity=1', 'code-value-quantity: is two values with a $ between them'],
    ['Appointment?patient.nothing=1', 'have no search parameter nothing'],
    ['Appointment?status.name=1', 'status: is no reference'],
    ['Appointment?patient.general-practitioner.name=1', 'one level'],
    ['Appointment?_include=Appointment', '_include: must be Type:parameter'],
    ['Appointment?_include=Appointment:status', '_include: Appointment has no reference status'],
    ['Appointment?_sort=color', '_sort: color is no search parameter of Appointment'],
    ['Appointment?_summary=maybe', '_summary: must be true or false'],
    ['Appointment?_count=few', '_count must be a number'],
    ['Appointment?potato=1', 'Unknown query parameter: potato'],
  ])('%s is refused: %s', async (query, why) => {
    const reply = await test.call(`/${query}`);
    expect([reply.status, ((await reply.json()) as Json).issue[0].diagnostics]).toEqual([400, expect.stringContaining(why)]);
  });
});

describe('the result', () => {
  it('_include and _revinclude add each resource once, as include', async () => {
    const bundle = await test.get('/Appointment?_include=Appointment:patient&_revinclude=Provenance:target');
    expect([names(bundle), names(bundle, 'include'), bundle.total]).toEqual([['visit', 'later'], ['ada', 'bob', 'trace'], 2]);
    expect(names(await test.get('/Observation?_include=*'), 'include')).toEqual(['ada', 'bob']);
    expect(names(await test.get('/Observation?_include=Observation:subject:Group'), 'include')).toEqual([]);
    const deeper = await test.get('/Appointment?_include=Appointment:patient&_include:iterate=Patient:general-practitioner');
    expect(names(deeper, 'include')).toEqual(['ada', 'bob', 'Practitioner']);
    expect(test.kernel.journal.read({ kind: 'reply' }).at(-1)!.served).toHaveLength(5);
  });

  it('what the token does not cover is not included', async () => {
    const { access_token } = await fetchToken(test.kernel, test.token, 'all', 'system/Appointment.rs');
    const reply = await test.call('/Appointment?_include=Appointment:patient', {
      headers: { authorization: `Bearer ${access_token}` },
    });
    expect(names((await reply.json()) as Json, 'include')).toEqual([]);
  });

  it('_summary and _elements leave elements out and say so', async () => {
    const of = async (query: string) => (await test.get(`/Appointment?_id=${ids.visit}&${query}`)).entry[0].resource;
    const summary = await of('_summary=true');
    expect(summary).not.toHaveProperty('comment');
    expect(summary.meta.tag).toEqual([expect.objectContaining({ code: 'SUBSETTED' })]);
    expect(Object.keys(await of('_elements=start'))).toEqual(['resourceType', 'id', 'meta', 'status', 'start', 'participant']);
    expect(Object.keys(await of('_summary=text'))).toEqual(['resourceType', 'id', 'meta', 'status', 'participant']);
    for (const query of ['_summary=count', '_count=0']) {
      const bundle = await test.get(`/Appointment?${query}`);
      expect([bundle.total, bundle.entry]).toEqual([2, undefined]);
    }
    expect(await test.get('/Appointment?_total=none')).not.toHaveProperty('total');
  });

  it.each([
    ['Appointment?_sort=date', ['visit', 'later']],
    ['Appointment?_sort=-date', ['later', 'visit']],
    ['Patient?_sort=family', ['ada', 'bob']],
    ['Patient?_sort=phone', ['ada', 'bob']],
    ['Patient?_sort=-phone', ['ada', 'bob']],
    ['Observation?_sort=status,-_lastUpdated', ['pressure', 'below', 'high', 'sugar']],
    ['Observation?_sort=value-quantity&value-quantity:missing=false', ['below', 'sugar', 'high']],
  ])('%s', async (query, expected) => {
    expect(names(await test.get(`/${query}`))).toEqual(expected);
    // The same, a resource a page.
    const seen: string[] = [];
    for (let url: string | undefined = `/${query}&_count=1`; url !== undefined; ) {
      const bundle: Json = await test.get(url);
      seen.push(...names(bundle));
      url = bundle.link.find(({ relation }: Json) => relation === 'next')?.url;
    }
    expect(seen).toEqual(expected);
  });

  it('by form, merged with the query', async () => {
    const reply = await test.call('/Patient/_search?gender=female', {
      method: 'POST',
      body: new URLSearchParams({ family: 'l,m' }),
    });
    expect(names(await reply.json())).toEqual(['ada']);
  });
});

it('of many matches a page is found in the order of creation', async () => {
  const many = Array.from({ length: 1200 }, (_, i) =>
    patient(i % 3 === 0 ? 'Rare' : 'Common', { identifier: [{ system: 'urn:n', value: String(i) }] }),
  );
  const { resources } = await test.site.commit({
    act: 'register',
    changes: many.flatMap((resource) => [
      { op: 'create' as const, type: 'Patient', resource },
      { op: 'create' as const, type: 'Patient', resource },
    ]),
  });
  const common = resources.filter((one) => (one as Json).name[0].family === 'Common').map((one) => one!.id);
  expect(test.site.find('Patient', { family: 'common' }, 10).map(({ id }) => id)).toEqual(common.slice(0, 10));
  expect(test.site.find('Patient', { family: 'common', given: 'ada' }).length).toBe(common.length);
});
