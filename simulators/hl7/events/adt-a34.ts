import { adtA40 } from './adt-a40.ts';
import { defineTrigger } from './trigger.ts';

export const adtA34 = defineTrigger({
  ...adtA40,
  message: 'ADT^A34',
  structure: 'ADT_A30',
  doc: 'Two records of one person became one, as versions before 2.3.1 tell it.',
});
