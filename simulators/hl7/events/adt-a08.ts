import { eachPatient, person } from './adt.ts';
import { defineTrigger } from './trigger.ts';

export const adtA08 = defineTrigger({
  message: 'ADT^A08',
  structure: 'ADT_A01',
  acts: ['update'],
  doc: 'What is known of a patient changed.',
  subjects: eachPatient,
  segments: person('O', { clears: true }),
});
