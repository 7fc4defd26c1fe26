import type { Immunization } from '@medplum/fhirtypes';
import { pid } from '../segments/pid.ts';
import { immunization } from '../segments/records.ts';
import { defineTrigger, eachRecord } from './trigger.ts';

export const vxuV04 = defineTrigger({
  message: 'VXU^V04',
  structure: 'VXU_V04',
  acts: ['immunize'],
  doc: 'A vaccine was given, refused or corrected: RXA-21 says whether it is new, changed or deleted.',
  subjects: eachRecord<Immunization>('Immunization', ({ after, before, deleted }) => ({
    immunization: deleted ? { ...after, status: 'entered-in-error' } : after,
    changed: before !== undefined,
  })),
  segments: (facts, { patient, immunization: shot, changed }) => {
    const action = shot!.status === 'entered-in-error' ? 'D' : changed ? 'U' : 'A';
    return [pid(facts, patient), ...immunization(facts, shot!, action)];
  },
});
