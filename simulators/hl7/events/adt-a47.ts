import type { Patient } from '@medplum/fhirtypes';
import { segment } from '../message/build.ts';
import { cx, mrnOf, pid } from '../segments/pid.ts';
import { defineTrigger, images, type Subject } from './trigger.ts';

export const adtA47 = defineTrigger({
  message: 'ADT^A47',
  structure: 'ADT_A30',
  acts: ['change-id'],
  doc: 'A person has another MRN: PID-3 is the new one, MRG-1 the one before. Nothing retires.',
  subjects: (event, _people, { authority }) =>
    images<Patient>(event, 'Patient').map(({ ref, after, before }): Subject | string => {
      const formerMrn = before && mrnOf(before, authority);
      if (!formerMrn || formerMrn === mrnOf(after, authority)) return 'the MRN of this Patient did not change';
      return { patient: after, held: [], formerMrn, records: [ref] };
    }),
  segments: (facts, { patient, formerMrn }) => [pid(facts, patient), segment('MRG', { 1: cx(facts, formerMrn!) })],
});
