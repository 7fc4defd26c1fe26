import { type Filer, findPerson } from './intake.ts';
import { patientPatch } from './patient-patch.ts';

/** ADT A08 and A31: what PID says of a person. */
export const filePerson =
  (act: 'update' | 'update-person'): Filer =>
  async (message, intake) => {
    const patient = await findPerson(message, intake);
    const patch = patientPatch(message, patient);
    if (Object.keys(patch).length === 0) return undefined;
    const cohort = intake.people.get(patient.id!)?.cohort;
    return { act, cohort, changes: [{ op: 'update', type: 'Patient', id: patient.id!, patch }] };
  };
