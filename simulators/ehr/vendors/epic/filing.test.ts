import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock } from '#kernel';
import { type Json, patient, register, startSite, type TestSite } from '../../test-site.ts';

const clock = new ManualClock('2026-03-02T12:00:00.000Z');
let test: TestSite;
let ada: string;
beforeAll(async () => {
  test = await startSite({ clock, tokenSeconds: 1_000_000 });
  ada = await register(test, 'Lovelace', '203713');
});
afterAll(() => test.close());

const subject = () => ({ reference: `Patient/${ada}` });
const write = async (method: string, path: string, body: object) => {
  const reply = await test.call(path, {
    method,
    headers: { 'content-type': 'application/fhir+json' },
    body: JSON.stringify(body),
  });
  const text = await reply.text();
  return { status: reply.status, location: reply.headers.get('location'), body: (text === '' ? '' : JSON.parse(text)) as Json };
};
const create = async (body: { resourceType: string }): Promise<Json> => {
  const { status, location, body: text } = await write('POST', `/${body.resourceType}`, body);
  expect([status, text]).toEqual([201, '']);
  return test.get(`/${location}`);
};
const codes = (outcome: Json) =>
  outcome.issue.map((issue: Json) => `${issue.severity}/${issue.code} ${issue.details.coding?.[0].code}`);
const status = (set: string, code: string) => ({ coding: [{ system: `http://terminology.hl7.org/CodeSystem/${set}`, code }] });

describe('what is read back is not what was sent', () => {
  it('a condition of a visit comes back on the problem list, without visit, onset, date and text', async () => {
    const sent = {
      resourceType: 'Condition',
      clinicalStatus: status('condition-clinical', 'active'),
      category: [status('condition-category', 'encounter-diagnosis')],
      code: { coding: [{ system: 'http://snomed.info/sct', code: '38341003' }] },
      subject: subject(),
      onsetDateTime: '2026-01-01',
      recordedDate: '2026-01-02',
      text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">x</div>' },
    };
    const { id: _, ...back } = await create(sent);
    expect(back.category[0].coding[0].code).toBe('problem-list-item');
    expect(Object.keys(back).sort()).toEqual(['category', 'clinicalStatus', 'code', 'resourceType', 'subject']);
  });

  it('vitals are filed as a flowsheet row, in UTC, by the background user', async () => {
    const back = await create({
      resourceType: 'Observation',
      status: 'final',
      category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs' }] }],
      code: { coding: [{ system: 'http://loinc.org', code: '85354-9' }], text: 'Blood pressure' },
      subject: subject(),
      effectiveDateTime: '2026-03-01T08:00:00-06:00',
      performer: [{ reference: `Practitioner/${test.site.practitioners[0]}` }],
    } as never);
    expect([back.code.text, back.code.coding[0], back.effectiveDateTime, back.performer, back.issued]).toEqual([
      'BP',
      { system: 'urn:oid:1.2.840.114350.1.13.0.1.7.2.707679', code: '5', display: 'BP' },
      '2026-03-01T14:00:00Z',
      [{ display: 'Interface, Background User' }],
      '2026-03-02T12:00:00.000Z',
    ]);
    const again = await write('PUT', `/Observation/${back.id}`, { ...back, status: 'amended' });
    expect([again.status, (await test.get(`/Observation/${back.id}`)).code.coding.length]).toEqual([200, 2]);
  });

  it('nothing but vitals is filed', async () => {
    const lab = [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'laboratory' }] }];
    const { status, body } = await write('POST', '/Observation', {
      resourceType: 'Observation',
      status: 'final',
      category: lab,
      code: { text: 'x' },
      subject: subject(),
    });
    expect([status, codes(body)]).toEqual([400, ['fatal/value 59111']]);
  });

  it('a note gets the server’s date and author, and its content an address of its own', async () => {
    const back = await create({
      resourceType: 'DocumentReference',
      status: 'current',
      docStatus: 'preliminary',
      date: '2020-01-01T00:00:00Z',
      author: [{ display: 'Me' }],
      type: { coding: [{ system: 'http://loinc.org', code: '11506-3' }], text: 'Progress Notes' },
      subject: subject(),
      content: [{ attachment: { contentType: 'text/plain', data: 'aGVsbG8=' } }],
    } as never);
    expect([back.docStatus, back.date, back.author[0].display]).toEqual([
      'final',
      '2026-03-02T12:00:00.000Z',
      'Interface, Background User',
    ]);
    expect(back.type.coding).toEqual([
      expect.objectContaining({ code: '1' }),
      { system: 'http://loinc.org', code: '11506-3', userSelected: true },
    ]);
    expect(back.content[0].attachment).toEqual({ contentType: 'text/plain', url: expect.stringMatching(/^Binary\/e.*3$/) });
    expect(back.securityLabel).toHaveLength(1);
  });

  it('a patient gets numbers, two names, a tidied address, a legal sex and a race; telecom and SSN are gone', async () => {
    const back = await create({
      ...patient('Created', { identifier: [{ system: 'http://hl7.org/fhir/sid/us-ssn', value: '000-00-0001' }] }),
      name: [{ use: 'official', family: 'Created', given: ['Ada'], prefix: ['Dr.'] }],
      address: [{ use: 'home', line: ['1 Elm Street'], city: 'Springfield', state: 'IL', postalCode: '62701' }],
    } as never);
    expect(back.identifier.map(({ type }: Json) => type.text)).toEqual(['MRN', 'EPIC', 'CEID', 'EXTERNAL', 'INTERNAL']);
    expect(back.name.map(({ use, prefix }: Json) => [use, prefix])).toEqual([
      ['official', ['DR.']],
      ['usual', ['DR.']],
    ]);
    expect(back.address[0]).toMatchObject({
      line: ['1 Elm St'],
      text: '1 Elm St\r\nSpringfield IL 62701',
      period: { start: '2026-03-02' },
    });
    expect(back).not.toHaveProperty('telecom');
    expect(back.extension.map(({ url }: Json) => url.split('/').at(-1))).toEqual([
      'legal-sex',
      'sex-for-clinical-use',
      'us-core-race',
    ]);
  });

  it('an allergy that is charted already is refused: 59141', async () => {
    const allergy = {
      resourceType: 'AllergyIntolerance',
      clinicalStatus: status('allergyintolerance-clinical', 'active'),
      code: { coding: [{ system: 'http://snomed.info/sct', code: '91936005' }] },
      patient: subject(),
    };
    await create(allergy);
    const { status: code, body } = await write('POST', '/AllergyIntolerance', allergy);
    expect([code, codes(body)]).toEqual([409, ['fatal/duplicate 59141']]);
  });
});
