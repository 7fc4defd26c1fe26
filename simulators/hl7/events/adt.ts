import type { Encounter, Patient } from '@medplum/fhirtypes';
import { type Segment, segment } from '../message/build.ts';
import { pid } from '../segments/pid.ts';
import { visitSegments } from '../segments/visit.ts';
import type { SiteFacts } from '../site.ts';
import { eachRecord, images, personIn, type Subject, type Trigger } from './trigger.ts';

/** One message for each Patient of a commit; where it has none, one for the patient of each visit. */
export const eachPatient: Trigger['subjects'] = (event, people, facts) => {
  const visits = images<Encounter>(event, 'Encounter');
  const patients = images<Patient>(event, 'Patient', { deleted: true });
  if (patients.length === 0) return eachVisit(event, people, facts);
  return patients.map(({ ref, after }) => {
    const own = visits.find((visit) => personIn(visit.after) === ref.id);
    const records = own ? [ref, own.ref] : [ref];
    return { patient: after, held: people.about(ref.id)?.held ?? [], encounter: own?.after, records };
  });
};

const eachVisit = eachRecord<Encounter>('Encounter', ({ after }) => ({ encounter: after }));

/**
 * PID and PV1. `patientClass` is O for a visit, N (not applicable) for the person events A28 and A31, which tell of no
 * visit (HL7 2.5.1, table 0004).
 */
export const person =
  (patientClass: 'O' | 'N', options: { clears?: boolean } = {}) =>
  (facts: SiteFacts, { patient, held, encounter }: Subject): Segment[] => [
    pid(facts, patient, options.clears ? held : []),
    ...(encounter && patientClass === 'O'
      ? visitSegments(facts, encounter)
      : [segment('PV1', { 1: '1', 2: facts.dialect.patientClass ? patientClass : undefined })]),
  ];
