import { eachPatient, person } from './adt.ts';
import { defineTrigger } from './trigger.ts';

export const adtA04 = defineTrigger({
  message: 'ADT^A04',
  structure: 'ADT_A01',
  acts: ['register'],
  doc: 'A person is registered at the front desk.',
  subjects: eachPatient,
  segments: person('O'),
});
