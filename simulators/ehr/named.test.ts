import { expect, test } from 'vitest';
import type { Request } from '#kernel';
import { namedIn } from './named.ts';

const request = (url: string, body = ''): Request => {
  const at = new URL(url, 'http://x');
  return { path: at.pathname, query: at.searchParams, body: Buffer.from(body) } as Request;
};

test.each<[url: string, body: string, names: string[]]>([
  ['/api/FHIR/R4/Patient/e1', '', ['Patient/e1']],
  ['/api/FHIR/R4/Patient/e1/_history/2', '', ['Patient/e1']],
  ['/api/FHIR/R4/Patient/_search', '', []],
  ['/api/FHIR/R4/Patient/$match', '', []],
  ['/api/FHIR/R4/Appointment?patient=Patient/e1&date=ge2026', '', ['Patient/e1']],
  ['/api/FHIR/R4/Patient?identifier=urn:oid:1.2|123456', '', ['urn:oid:1.2|123456']],
  ['/api/FHIR/R4/Patient?_id=e1,e2&name=Anna', '', ['e1', 'e2']],
  ['/v1/195900/patients/7', '', ['patients/7']],
  ['/v1/195900/appointments/booked?patientid=7', '', ['7']],
  ['/api/FHIR/R4/Appointment', '{"participant":[{"actor":{"reference":"Patient/e1"}}]}', ['Patient/e1']],
])('an EHR is called %s %s', (url, body, names) => {
  expect(namedIn(request(url, body))).toEqual(names);
});
