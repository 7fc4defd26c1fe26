import type { SiteChange } from '../site-port.ts';
import { fileConsent } from './consent.ts';
import { type Filer, findPerson } from './intake.ts';
import { patientPatch } from './patient-patch.ts';

/** ADT A08 and A31: what PID says of a person, and CON of what they decided. */
export const filePerson =
  (act: 'update' | 'update-person'): Filer =>
  async (message, intake) => {
    const patient = await findPerson(message, intake);
    const patch = patientPatch(message, patient);
    const person: SiteChange[] = Object.keys(patch).length > 0 ? [{ op: 'update', type: 'Patient', id: patient.id!, patch }] : [];
    const consent = await fileConsent(message, patient, intake);
    if (person.length + consent.length === 0) return undefined;
    const cohort = intake.people.about(patient.id!)?.cohort;
    return { act: person.length > 0 ? act : 'consent', cohort, changes: [...person, ...consent] };
  };
