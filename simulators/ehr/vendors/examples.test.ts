import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appointment, type Json, OID, register, startSite, type TestSite } from '../test-site.ts';

/**
 * Requests as vendors' pages show them, and as they were recorded against their sandboxes, made here with the ids of a site:
 * each answers with the status (and the codes) that it has there. `{patient}` and the like stand for ids.
 */
const RECORDED_EPIC = 'github.com/fastenhealth/fasten-sources (recorded Epic sandbox traffic)';
const RECORDED_ATHENA = 'github.com/fastenhealth/fasten-sources (recorded athenahealth preview traffic)';
const CERNER_PAGES = 'fhir.cerner.com/millennium/r4 (examples of the resource pages, 2024)';

interface Row {
  request: string;
  status: number;
  /** Of its outcome, in order. */
  codes?: string;
}
type Told = readonly [request: string, status: number, codes?: string];
const EXAMPLES: Readonly<Record<string, { source: string; rows: readonly Told[] }>> = {
  epic: {
    source: RECORDED_EPIC,
    rows: [
      ['Patient/{patient}', 200],
      ['AllergyIntolerance?_count=50&patient={patient}', 200],
      ['Condition?_count=50&patient={patient}', 200],
      ['DocumentReference?_count=50&patient={patient}', 200, '4101'],
      ['Encounter?_count=50&patient={patient}', 200],
      ['Immunization?_count=50&patient={patient}', 200],
      ['MedicationRequest?_count=50&patient={patient}', 200],
      ['InsurancePlan?_count=50&patient={patient}', 404],
      ['Person?_count=50&patient={patient}', 404],
      ['Provenance?_count=50&patient={patient}', 404],
      ['Schedule?_count=50&patient={patient}', 404],
      ['Slot?_count=50&patient={patient}', 404],
      ['RelatedPerson?_count=50&patient={patient}', 400, '59100 59102'],
      ['Observation?_count=50&patient={patient}', 400, '59108'],
      ['Observation?_count=50&category=social-history&patient={patient}', 200],
      ['Observation?_count=50&category=vital-signs&patient={patient}', 200],
      ['Observation?_count=50&category=laboratory&patient={patient}', 200],
      ['Observation?_count=50&category=imaging&patient={patient}', 200, '4101'],
      ['Observation?_count=50&category=procedure&patient={patient}', 200, '4101'],
      ['Observation?_count=50&category=exam&patient={patient}', 200, '4101'],
      ['Observation?_count=50&category=smartdata&patient={patient}', 200, '4101'],
      ['Observation?_count=50&category=symptom&patient={patient}', 400, '59109 59111'],
      ['Observation?_count=50&category=delivery&patient={patient}', 400, '59109 59111'],
      ['Practitioner/{practitioner}', 200],
    ],
  },
  cerner: {
    source: CERNER_PAGES,
    rows: [
      ['Patient/{patient}', 200],
      ['Patient?family=smart&given=joe&birthdate=1990-09-15', 200],
      ['Patient?_id={patient}&_revinclude=Provenance:target', 200],
      ['AllergyIntolerance?patient={patient}', 200],
      ['Appointment?patient={patient}&date=ge2020-01-01T22:22:16.270Z', 200],
      ['Appointment/{appointment}', 200],
      ['Condition?patient={patient}', 200],
      ['Consent?patient={patient}&_include=Consent:patient&_include=Consent:actor', 200],
      ['Coverage?patient={patient}', 200],
      ['Coverage?-encounter={encounter}', 200],
      ['DocumentReference?patient={patient}&encounter={encounter}', 200],
      ['Encounter?patient={patient}', 200],
      ['Encounter?_id={encounter}&_revinclude=Provenance:target', 200],
      ['Immunization?patient={patient}', 200],
      ['Location?-physicalType=http://terminology.hl7.org/CodeSystem/location-physical-type|wa', 200],
      ['Location?_id={location}', 200],
      ['MedicationRequest?patient={patient}', 200],
      ['Observation?patient={patient}', 200],
      ['Observation?patient={patient}&category=vital-signs&_revinclude=Provenance:target', 200],
      ['Organization?_id=675844', 200],
      ['Practitioner?identifier=http%3A%2F%2Fhl7.org%2Ffhir%2Fsid%2Fus-npi%7C1111111111', 200],
      ['RelatedPerson?-encounter={encounter}', 200],
      ['RelatedPerson?patient={patient}&-relationship-level=Patient', 200],
      ['ServiceRequest?patient={patient}', 200],
      ['ServiceRequest?_id=309358493,309307167&_revinclude=Provenance:target', 200],
      [
        'Slot?service-type=https://fhir.cerner.com/ec2458f2-1e24-41c8-b71b-0e701af7583d/codeSet/14249|4047611&start=ge2016-01-23T22:05:47Z&start=lt2020-06-08T18:13:55Z&_include=Slot:schedule&_count=5',
        200,
      ],
      [
        'Slot?service-type=https://fhir.cerner.com/ec2458f2-1e24-41c8-b71b-0e701af7583d/codeSet/14249|4047611&start=ge2016-01-23T22:05:47Z&start=lt2020-06-08T18:13:55Z&-location=Location/32216049',
        200,
      ],
    ],
  },
  athena: {
    source: RECORDED_ATHENA,
    rows: [
      ['Patient/{patient}', 200],
      ['AllergyIntolerance?_count=50&patient={patient}', 200],
      ['Condition?_count=50&patient={patient}', 200],
      ['DocumentReference?_count=50&patient={patient}', 200],
      ['Encounter?_count=50&patient={patient}', 200],
      ['Immunization?_count=50&patient={patient}', 200],
      ['MedicationRequest?_count=50&patient={patient}', 403],
      ['Observation?_count=50&patient={patient}', 200],
      ['Encounter/{encounter}', 200],
      ['Practitioner/{practitioner}', 200],
      ['Location/{location}', 200],
    ],
  },
};

describe.each(Object.entries(EXAMPLES))('%s: example requests', (vendor, { rows }) => {
  let test: TestSite;
  const ids: Record<string, string> = {};
  beforeAll(async () => {
    test = await startSite({ vendor, authority: OID });
    const patient = await register(test, 'Smart', '1');
    const encounter = {
      resourceType: 'Encounter',
      status: 'finished',
      class: { code: 'AMB' },
      subject: { reference: `Patient/${patient}` },
    };
    const { records } = await test.site.commit({
      act: 'create',
      changes: [appointment(patient, '2026-05-01T10:00:00Z'), encounter].map((resource) => ({
        op: 'create' as const,
        type: resource.resourceType,
        resource,
      })),
    });
    const [booked, visit] = records.map(({ id }) => id);
    const { practitioners, locations } = test.site;
    Object.assign(ids, {
      patient,
      appointment: booked,
      encounter: visit,
      practitioner: practitioners[0],
      location: locations[0],
    });
  });
  afterAll(() => test.close());

  const table = rows.map(([request, status, wanted]): Row => ({ request, status, codes: wanted }));
  it.each(table)('GET $request: $status $codes', async ({ request, status, codes: wanted }) => {
    const reply = await test.call(`/${request.replace(/\{(\w+)\}/g, (_, name: string) => ids[name]!)}`);
    const text = await reply.text();
    expect([reply.status, text.slice(0, 300)]).toEqual([status, expect.any(String)]);
    if (wanted === undefined) return;
    const body = JSON.parse(text) as Json;
    const outcome = body.resourceType === 'Bundle' ? body.entry.at(-1).resource : body;
    expect(outcome.issue.map((issue: Json) => issue.details.coding[0].code).join(' ')).toBe(wanted);
  });
});

describe('cerner: example writes', () => {
  let test: TestSite;
  let patient: string;
  beforeAll(async () => {
    test = await startSite({ vendor: 'cerner' });
    patient = await register(test, 'Smart', '1');
  });
  afterAll(() => test.close());
  const create = async (type: string, body: object) => {
    const headers = { 'content-type': 'application/fhir+json' };
    const reply = await test.call(`/${type}`, { method: 'POST', headers, body: JSON.stringify({ resourceType: type, ...body }) });
    return { status: reply.status, text: await reply.text(), location: reply.headers.get('location') ?? '' };
  };

  it(`an encounter without class has it inferred (${CERNER_PAGES})`, async () => {
    const { records } = await test.site.commit({
      act: 'create',
      changes: [{ op: 'create', type: 'Organization', resource: { resourceType: 'Organization', name: 'Baseline' } }],
    });
    const body = (code: string) => ({
      status: 'in-progress',
      type: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0004', code }] }],
      subject: { reference: `Patient/${patient}` },
      reasonCode: [{ text: 'Neck Pain' }],
      serviceProvider: { reference: `Organization/${records[0]!.id}` },
      location: [{ location: { reference: `Location/${test.site.locations[0]}` } }],
    });
    for (const [code, inferred] of [
      ['O', 'AMB'],
      ['I', 'IMP'],
      ['E', 'EMER'],
    ] as const) {
      const made = await create('Encounter', body(code));
      expect([made.status, made.text]).toEqual([201, '']);
      expect((await test.get(made.location)).class.code).toBe(inferred);
    }
  });

  it(`public healthcare has no subscriber, others must (${CERNER_PAGES})`, async () => {
    const system = 'http://hl7.org/fhir/ValueSet/coverage-class';
    const body = (text: string) => ({
      status: 'active',
      beneficiary: { reference: `Patient/${patient}` },
      period: { start: '2021-01-18T14:30:20.000Z', end: '2021-01-18T14:30:21.000Z' },
      payor: [{ display: 'Government' }],
      class: [{ type: { coding: [{ system, code: 'plan' }], text }, value: '2572940471', name: '10-OPC, Class II' }],
    });
    expect(await create('Coverage', body('Charging Category'))).toMatchObject({ status: 201, text: '' });
    expect(await create('Coverage', body('Plan'))).toMatchObject({
      status: 422,
      text: expect.stringContaining('subscriber is required'),
    });
  });
});
