import { createVerify, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Answer, Http } from '../http.ts';
import type { FhirSettings, Site } from '../settings.ts';
import { referenceSteps as steps } from '../steps.ts';
import { openFhir } from './client.ts';
import type { Consent } from './consent.ts';
import type { Appointment, Patient } from './map.ts';

const site: Site = { name: 'north', authority: '1.2.3', timeZone: 'America/Chicago' };
const patient: Patient = {
  resourceType: 'Patient',
  id: 'e1',
  identifier: [
    { system: 'urn:oid:9.9', value: '55' },
    { system: 'urn:oid:1.2.3', value: '1234' },
  ],
  name: [
    { use: 'old', family: 'Ray' },
    { use: 'official', family: 'Lee', given: ['Ann', 'B'] },
  ],
  birthDate: '1980-01-31',
  gender: 'female',
  telecom: [
    { system: 'phone', use: 'mobile', value: '212-555-0100', period: { end: '2020-01-01' } },
    { system: 'phone', use: 'mobile', value: '212-555-0143' },
    { system: 'phone', use: 'home', value: 'UNK' },
    { system: 'email', value: 'Ann@Mail.example' },
  ],
  address: [{ use: 'home', line: ['1 Elm St', 'Apt 2'], city: 'Springfield', state: 'IL', postalCode: '62701' }],
};

describe('mapping', () => {
  it('takes the current and official values; what the chart lacks is empty', () => {
    expect(steps.mapPatient(patient, site, steps)).toEqual({
      MRN__c: '1234',
      MRN_Authority__c: '1.2.3',
      LastName: 'Lee',
      FirstName: 'Ann',
      Birthdate: '1980-01-31',
      Sex__c: 'Female',
      MobilePhone: '+12125550143',
      Email: 'ann@mail.example',
      MailingStreet: '1 Elm St, Apt 2',
      MailingCity: 'Springfield',
      MailingState: 'IL',
      MailingPostalCode: '62701',
      Deceased__c: false,
      Active__c: true,
      Interpreter__c: false,
      Quiet_Hours__c: null,
      Preferred_Channel__c: null,
      Emergency_Contact__c: null,
      Emergency_Phone__c: null,
    });
    expect(steps.mapPatient({ resourceType: 'Patient', id: 'e1' }, site, steps)).toMatchObject({
      MobilePhone: null,
      MailingCity: null,
      Sex__c: 'Unknown',
    });
  });

  it('maps a decision as a whole; one that it understands in half is none', () => {
    const consent: Consent = {
      resourceType: 'Consent',
      id: 'c1',
      dateTime: '2026-03-01T10:00:00+02:00',
      category: [{ coding: [{ system: 'http://hospital.example/fhir/consent-method', code: 'web' }] }],
      sourceAttachment: { title: 'Portal' },
      provision: { type: 'deny', purpose: [{ code: 'HMARKT' }], code: [{ coding: [{ code: 'sms' }] }] },
    };
    expect(steps.mapConsent(consent, steps)).toEqual({
      Purpose__c: 'Marketing',
      Channel__c: 'SMS',
      Status__c: 'OptOut',
      Captured__c: '2026-03-01T08:00:00.000Z',
      Method__c: 'Web',
      Source__c: 'Portal',
    });
    expect(steps.mapConsent({ ...consent, provision: { ...consent.provision, purpose: [{ code: 'TREAT' }] } }, steps)).toEqual(
      {},
    );
  });

  it('maps an appointment', () => {
    const actors = ['Patient/e1', 'Practitioner/d1', 'Location/l1'];
    const appointment: Appointment = {
      resourceType: 'Appointment',
      id: 'a1',
      status: 'noshow',
      start: '2026-03-12T04:30:00Z',
      appointmentType: { text: 'Office Visit' },
      participant: actors.map((reference) => ({ actor: { reference, display: `shown ${reference}` } })),
    };
    expect(steps.mapAppointment(appointment, site, steps)).toEqual({
      Start__c: '2026-03-12T04:30:00.000Z',
      End__c: null,
      Local_Date__c: '2026-03-11',
      Status__c: 'No-Show',
      Type__c: 'Office Visit',
      Provider__c: 'shown Practitioner/d1',
      Location__c: 'shown Location/l1',
    });
  });
});

describe('the client', () => {
  const keys = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const settings: FhirSettings = {
    url: 'http://ehr/R4',
    tokenUrl: 'http://ehr/token',
    clientId: 'me',
    privateKey: keys.privateKey,
    keyId: 'k1',
  };

  /** A server that hands out numbered tokens and answers reads from a list. */
  function serve(answers: Record<string, unknown[]>) {
    const calls: { url: string; body?: string; authorization?: string }[] = [];
    let tokens = 0;
    const http: Http = async (url, init): Promise<Answer> => {
      calls.push({ url, body: init?.body, authorization: init?.headers?.authorization });
      if (url === settings.tokenUrl) {
        tokens += 1;
        return { status: 200, headers: new Headers(), body: { access_token: `t${tokens}`, expires_in: 60 } };
      }
      const next = answers[url]?.shift();
      return typeof next === 'number'
        ? { status: next, headers: new Headers(), body: undefined }
        : { status: 200, headers: new Headers(), body: next };
    };
    return { http, calls };
  }
  const page = (next: string | undefined, ...resources: object[]) => ({
    resourceType: 'Bundle',
    link: next ? [{ relation: 'next', url: next }] : [],
    entry: resources.map((resource) => ({ resource })),
  });

  it('signs its assertion for the token URL and uses it once', async () => {
    const { http, calls } = serve({ 'http://ehr/R4/Patient/e1': [patient, patient] });
    let now = 0;
    const fhir = openFhir(settings, http, () => now, steps);
    await Promise.all([fhir.read('Patient/e1'), fhir.connect()]);
    now = 59_000;
    await fhir.read('Patient/e1');
    const assertions = calls
      .filter((call) => call.url === settings.tokenUrl)
      .map((call) => new URLSearchParams(call.body).get('client_assertion') as string);
    expect(calls.filter((call) => call.url !== settings.tokenUrl).map((call) => call.authorization)).toEqual([
      'Bearer t1',
      'Bearer t2',
    ]);
    expect(assertions).toHaveLength(2);
    const [header = '', claims = '', signature = ''] = assertions[0]?.split('.') ?? [];
    expect(createVerify('RSA-SHA384').update(`${header}.${claims}`).verify(keys.publicKey, signature, 'base64url')).toBe(true);
    const said = assertions.map((one) => JSON.parse(Buffer.from(one.split('.')[1] as string, 'base64url').toString()));
    expect(said[0]).toMatchObject({ iss: 'me', sub: 'me', aud: settings.tokenUrl, exp: 240 });
    expect(said[0].jti).not.toBe(said[1].jti);
  });

  it('follows all pages, leaves out warnings, and gets a new token when one is refused', async () => {
    const { http, calls } = serve({
      'http://ehr/R4/Appointment?patient=e1': [
        401,
        page('http://ehr/R4/Appointment?session=1', { resourceType: 'Appointment', id: 'a1' }),
      ],
      'http://ehr/R4/Appointment?session=1': [
        page(undefined, { resourceType: 'OperationOutcome' }, { resourceType: 'Appointment', id: 'a2' }),
      ],
    });
    const found = await steps.changedAppointments(
      openFhir(settings, http, () => 0, steps),
      'e1',
    );
    expect(found.map((one) => one.id)).toEqual(['a1', 'a2']);
    expect(calls.at(-1)?.authorization).toBe('Bearer t2');
  });

  it.each([
    ['a failed page', [page('http://ehr/R4/Appointment?session=1')], [503], '503'],
    ['something else than a bundle', [{ resourceType: 'OperationOutcome' }], [], 'not-a-bundle'],
    ['a page without content', [undefined], [], 'not-fhir'],
    ['a link to another server', [page('http://elsewhere/R4/x')], [], 'foreign-link'],
    [
      'a link in a circle',
      [page('http://ehr/R4/Appointment?session=1')],
      [page('http://ehr/R4/Appointment?session=1')],
      'endless-paging',
    ],
  ])('takes %s for a failure, never for a shorter list', async (_, first, second, code) => {
    const { http } = serve({ 'http://ehr/R4/Appointment?patient=e1': first, 'http://ehr/R4/Appointment?session=1': second });
    await expect(
      steps.changedAppointments(
        openFhir(settings, http, () => 0, steps),
        'e1',
      ),
    ).rejects.toThrow(code);
  });

  it('finds a patient by MRN and authority, whatever else the search returns', async () => {
    const other = { ...patient, id: 'e0', identifier: [{ system: 'urn:oid:9.9', value: '1234' }] };
    const { http } = serve({ 'http://ehr/R4/Patient?identifier=urn%3Aoid%3A1.2.3%7C1234': [page(undefined, other, patient)] });
    expect(
      (
        await steps.findPatient(
          openFhir(settings, http, () => 0, steps),
          site,
          '1234',
        )
      )?.id,
    ).toBe('e1');
  });

  describe('at athenahealth', () => {
    const athena = { practice: '7', v1Url: 'http://ehr/v1', departments: ['1', '2'] };
    const open = (http: Http, more = athena) => openFhir({ ...settings, athena: more }, http, () => 0, steps);
    const booked =
      'http://ehr/v1/7/appointments/booked/multipledepartment?startdate=01%2F01%2F1900&enddate=12%2F31%2F2199&departmentid=1%2C2&patientid=5&showcancelled=true';
    const practice = 'ah-practice=Organization%2Fa-1.Practice-7';
    const byId = (ids: string) => `http://ehr/R4/Appointment?_id=${encodeURIComponent(ids)}&${practice}`;

    it('names the practice in each call, once', async () => {
      const { http, calls } = serve({
        [`http://ehr/R4/Patient/a-7.E-5?${practice}`]: [patient],
        [`http://ehr/R4/Patient?cursor=x&${practice}`]: [page(undefined, patient)],
      });
      const fhir = open(http);
      await fhir.read('Patient/a-7.E-5');
      await fhir.search(`http://ehr/R4/Patient?cursor=x&${practice}`, 'Patient');
      expect(calls).toHaveLength(3);
    });

    it('lists visits by the v1 API, page after page, and reads them by FHIR', async () => {
      const { http } = serve({
        [booked]: [{ appointments: [{ appointmentid: '31' }], next: '/v1/7/appointments/booked/multipledepartment?offset=1' }],
        'http://ehr/v1/7/appointments/booked/multipledepartment?offset=1': [{ appointments: [{ appointmentid: 32 }] }],
        [byId('a-7.appointment-31,a-7.appointment-32')]: [
          page(undefined, { resourceType: 'Appointment', id: 'a1' }, { resourceType: 'Appointment', id: 'a2' }),
        ],
      });
      expect((await steps.changedAppointments(open(http), 'a-7.E-5')).map(({ id }) => id)).toEqual(['a1', 'a2']);
    });

    it.each([
      ['nobody has visits', athena, [{ appointments: [] }], 0],
      ['there is no v1 API', { ...athena, v1Url: undefined }, [], 0],
      ['the list fails', athena, [503], '503'],
      ['the answer is no list', athena, [{ error: 'x' }], 'not-a-list'],
      ['the next page is elsewhere', athena, [{ appointments: [{ appointmentid: 1 }], next: 'http://other/v1' }], 'foreign-link'],
    ])('%s', async (_, more, answers, outcome) => {
      const { http } = serve({ [booked]: answers });
      const found = steps.changedAppointments(open(http, more as typeof athena), 'a-7.E-5').then((all) => all.length);
      if (typeof outcome === 'number') await expect(found).resolves.toBe(outcome);
      else await expect(found).rejects.toThrow(outcome);
    });
  });
});
