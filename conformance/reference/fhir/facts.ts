import type { Change, Stamp } from '../model.ts';
import type { Site } from '../settings.ts';
import type { Steps } from '../steps.ts';
import { type Appointment, identityOf, type Patient, seedOf, seedOfAppointment } from './map.ts';

/** What a read or an export says of a patient; nothing where the chart has no number of this site. */
export function patientFact(patient: Patient, site: Site, steps: Steps, stamp: Stamp): Change | undefined {
  const identity = identityOf(patient, site);
  if (!identity) return undefined;
  const key = steps.contactKey(identity);
  const fields = steps.mapPatient(patient, site, steps);
  return { object: 'Contact', key, person: key, stamp, fields, seed: seedOf(patient), updatedAt: lastUpdated([patient]) };
}

/** When the newest of these was last changed, where the EHR says so of any of them. */
export function lastUpdated(resources: readonly object[]): number | undefined {
  const times = resources
    .map((one) => Date.parse((one as { meta?: { lastUpdated?: string } }).meta?.lastUpdated ?? ''))
    .filter((time) => !Number.isNaN(time));
  return times.length > 0 ? Math.max(...times) : undefined;
}

/** One fact or none, to be put among others. */
export const present = (fact: Change | undefined): Change[] => (fact ? [fact] : []);

/** The same of one visit of a person; nothing where the visit has no number. */
export function appointmentFact(
  appointment: Appointment,
  person: string,
  site: Site,
  steps: Steps,
  stamp: Stamp,
): Change | undefined {
  const number = appointment.identifier?.[0]?.value;
  if (!number) return undefined;
  return {
    object: 'Appointment__c',
    key: steps.appointmentKey(site.authority, number, appointment.start),
    person,
    stamp,
    fields: { ...steps.mapAppointment(appointment, site, steps), Contact__c: person },
    seed: seedOfAppointment(appointment, steps),
    updatedAt: lastUpdated([appointment]),
  };
}
