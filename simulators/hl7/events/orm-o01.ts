import type { ServiceRequest } from '@medplum/fhirtypes';
import { pid } from '../segments/pid.ts';
import { order } from '../segments/records.ts';
import { defineTrigger, eachRecord } from './trigger.ts';

export const ormO01 = defineTrigger({
  message: 'ORM^O01',
  structure: 'ORM_O01',
  acts: ['refer'],
  doc: 'A referral as an order: what links without REF send.',
  subjects: eachRecord<ServiceRequest>('ServiceRequest', ({ after }) => ({ request: after })),
  segments: (facts, { patient, request }) => [pid(facts, patient), ...order(facts, request!)],
});
