import type { ServiceRequest } from '@medplum/fhirtypes';
import { pid } from '../segments/pid.ts';
import { referral, requested } from '../segments/records.ts';
import { defineTrigger, eachRecord } from './trigger.ts';

export const refI12 = defineTrigger({
  message: 'REF^I12',
  structure: 'REF_I12',
  acts: ['refer'],
  doc: 'A patient is referred to somebody: RF1-6 is the number of the referral.',
  subjects: eachRecord<ServiceRequest>('ServiceRequest', ({ after }) => ({ request: after })),
  segments: (facts, { patient, request }) => [...referral(facts, request!), pid(facts, patient), ...requested(request!)],
});
