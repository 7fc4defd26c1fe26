import { Failure, ofFurtherPage } from '../retry.ts';
import type { FhirSettings } from '../settings.ts';

export type Athena = NonNullable<FhirSettings['athena']>;

/** What of a page of athenahealth's v1 API is read here. */
type Page = { appointments?: { appointmentid?: string | number }[]; next?: string };

/**
 * The FHIR ids of all visits of a patient at athenahealth. Its FHIR face finds an appointment by id alone; the v1 API lists
 * them by department, days and patient. Without a v1 API nothing is listed: the feed alone then tells of visits.
 */
export async function visitIds(athena: Athena, patientId: string, get: (url: URL) => Promise<unknown>): Promise<string[]> {
  const { practice, v1Url, departments } = athena;
  if (!v1Url || departments.length === 0) return [];
  const query = new URLSearchParams({
    ...EVER,
    departmentid: departments.join(','),
    // A FHIR id ends in the number that v1 knows the patient by: `a-<practice>.E-<number>`.
    patientid: patientId.replace(/^.*-/, ''),
    showcancelled: 'true',
  });
  const found: string[] = [];
  const first = `${v1Url}/${practice}/appointments/booked/multipledepartment?${query}`;
  for (let page: string | undefined = first; page !== undefined; ) {
    const url: URL = new URL(page, v1Url);
    if (url.origin !== new URL(v1Url).origin) throw new Failure(400, 'foreign-link');
    const answer = await get(url).catch((error: unknown) => {
      throw page === first ? error : ofFurtherPage(error);
    });
    const { appointments, next } = (answer ?? {}) as Page;
    if (!Array.isArray(appointments)) throw new Failure(0, 'not-a-list');
    found.push(...appointments.map(({ appointmentid }) => `a-${practice}.appointment-${appointmentid}`));
    // A page that adds nothing would be followed for ever.
    page = appointments.length > 0 ? next : undefined;
  }
  return found;
}

const EVER = { startdate: '01/01/1900', enddate: '12/31/2199' };
