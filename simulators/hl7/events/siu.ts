import type { Appointment } from '@medplum/fhirtypes';
import { pid } from '../segments/pid.ts';
import { resources, sch, visit } from '../segments/schedule.ts';
import { defineTrigger, eachRecord, type Trigger } from './trigger.ts';

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
    subjects: eachRecord<Appointment>('Appointment', ({ after, deleted }) => ({
      appointment: deleted ? { ...after, status: 'entered-in-error' } : after,
    })),
    segments: (facts, { patient, appointment }) => [
      ...sch(facts, appointment!, options.reason),
      pid(facts, patient),
      visit(facts, appointment!),
      ...resources(facts, appointment!, options.action),
      ...(facts.dialect.appointmentEnd?.(appointment!) ?? []),
    ],
  });
