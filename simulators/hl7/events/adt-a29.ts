import { eachPatient, person } from './adt.ts';
import { defineTrigger } from './trigger.ts';

export const adtA29 = defineTrigger({
  message: 'ADT^A29',
  structure: 'ADT_A21',
  acts: ['delete-person'],
  doc: 'The record of a person was deleted.',
  subjects: eachPatient,
  segments: person('N'),
});
