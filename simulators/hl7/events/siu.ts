import type { Appointment } from '@medplum/fhirtypes';
import { pid } from '../segments/pid.ts';
import { patientOf, resources, sch, visit } from '../segments/schedule.ts';
import { defineTrigger, images, type Subject, type Trigger } from './trigger.ts';

/** One message for each Appointment of a commit, with its patient as the link knows them. */
const eachAppointment: Trigger['subjects'] = (event, people) =>
  images<Appointment>(event, 'Appointment').map(({ ref, after }): Subject | string => {
    const id = patientOf(after);
    const known = id ? people.get(id) : undefined;
    if (!known) return id ? `Patient/${id} is unknown to this link` : 'the appointment has no patient';
    return { patient: known.patient, held: [], appointment: after, records: [ref] };
  });

/** A scheduling trigger. @param reason SCH-6 when the appointment itself gives none. @param action of its resources. */
export const schedulingTrigger = (options: {
  event: string;
  acts: readonly string[];
  doc: string;
  reason: string;
  action: 'A' | 'U' | 'D';
}): Trigger =>
  defineTrigger({
    message: `SIU^${options.event}`,
    structure: 'SIU_S12',
    acts: options.acts,
    doc: options.doc,
    subjects: eachAppointment,
    segments: (facts, { patient, appointment }) => [
      sch(facts, appointment!, options.reason),
      pid(facts, patient),
      visit(appointment!),
      ...resources(facts, appointment!, options.action),
    ],
  });
