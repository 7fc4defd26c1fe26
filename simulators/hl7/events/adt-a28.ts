import { eachPatient, person } from './adt.ts';
import { defineTrigger } from './trigger.ts';

export const adtA28 = defineTrigger({
  message: 'ADT^A28',
  structure: 'ADT_A05',
  acts: ['add'],
  doc: 'A person is added, without a visit.',
  subjects: eachPatient,
  segments: person('N'),
});
