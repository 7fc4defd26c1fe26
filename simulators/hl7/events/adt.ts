import type { Patient } from '@medplum/fhirtypes';
import { type Segment, segment } from '../message/build.ts';
import { pid } from '../segments/pid.ts';
import type { SiteFacts } from '../site.ts';
import { images, type Subject, type Trigger } from './trigger.ts';

/** One message for each Patient of a commit. */
export const eachPatient: Trigger['subjects'] = (event, people) =>
  images<Patient>(event, 'Patient').map(({ ref, after }) => ({
    patient: after,
    held: people.get(ref.id)?.held ?? [],
    records: [ref],
  }));

/**
 * PID and PV1. `patientClass` is O for a visit, N (not applicable) for the person events A28 and A31, which tell of no
 * visit (HL7 2.5.1, table 0004).
 */
export const person =
  (patientClass: 'O' | 'N', options: { clears?: boolean } = {}) =>
  (facts: SiteFacts, { patient, held }: Subject): Segment[] => [
    pid(facts, patient, options.clears ? held : []),
    segment('PV1', { 1: '1', 2: patientClass }),
  ];
