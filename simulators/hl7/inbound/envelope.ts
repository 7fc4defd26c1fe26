import { Refusal } from '../message/ack.ts';
import { hasSegment, type Message, rawField, value } from '../message/parse.ts';
import { FILERS } from './index.ts';

const VERSIONS = /^2\.[1-9](\.\d)?$/;

/**
 * Looks at everything but the content: type, event, processing id, version, required segments. What concerns the header is
 * rejected (AR), what concerns the body is an error (AE), as HL7 2.5.1 chapter 2.9.2 has it; Epic Bridges checks MSH-11 and
 * MSH-12 before it accepts.
 * @throws Refusal
 */
export function checkEnvelope(message: Message, processingId: string): void {
  const type = value(message, 'MSH', 9);
  const taken = Object.keys(FILERS).map((each) => each.split('^') as [string, string]);
  const types = [...new Set(taken.map(([each]) => each))];
  if (!types.includes(type)) throw new Refusal('AR', 200, 'MSH^1^9', `this interface takes ${types.join(' and ')} messages only`);
  const events = taken.flatMap(([each, event]) => (each === type ? [event] : []));
  if (!events.includes(value(message, 'MSH', 9, 2)))
    throw new Refusal('AR', 201, 'MSH^1^9', `this interface takes the events ${events.join(', ')} of ${type}`);
  if (value(message, 'MSH', 11) !== processingId)
    throw new Refusal('AR', 202, 'MSH^1^11', `this system takes the processing id ${processingId}`);
  if (!VERSIONS.test(value(message, 'MSH', 12)))
    throw new Refusal('AR', 203, 'MSH^1^12', 'this system takes versions 2.1 to 2.9');
  if (rawField(message, 'MSH', 10) === '') throw new Refusal('AE', 101, 'MSH^1^10', 'a message needs a control id');
  if (type === 'SIU' && !hasSegment(message, 'SCH')) throw new Refusal('AE', 100, 'SCH^1', 'the segment SCH is missing');
  if (!hasSegment(message, 'PID')) throw new Refusal('AE', 100, 'PID^1', 'the segment PID is missing');
}
