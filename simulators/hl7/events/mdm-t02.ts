import type { DocumentReference } from '@medplum/fhirtypes';
import { segment } from '../message/build.ts';
import { pid } from '../segments/pid.ts';
import { document } from '../segments/records.ts';
import { defineTrigger, eachRecord } from './trigger.ts';

export const mdmT02 = defineTrigger({
  message: 'MDM^T02',
  structure: 'MDM_T02',
  acts: ['document'],
  doc: 'A document was written; its content comes with it.',
  subjects: eachRecord<DocumentReference>('DocumentReference', ({ after }) => ({ document: after })),
  segments: (facts, { patient, document: doc }) => [
    pid(facts, patient),
    segment('PV1', { 1: '1', 2: facts.dialect.patientClass ? 'O' : undefined }),
    ...document(facts, doc!),
  ],
});
