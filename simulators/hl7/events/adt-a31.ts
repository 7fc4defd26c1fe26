import { eachPatient, person } from './adt.ts';
import { defineTrigger } from './trigger.ts';

export const adtA31 = defineTrigger({
  message: 'ADT^A31',
  structure: 'ADT_A05',
  acts: ['update-person'],
  doc: 'What is known of a person changed, without a visit.',
  subjects: eachPatient,
  segments: person('N', { clears: true }),
});
