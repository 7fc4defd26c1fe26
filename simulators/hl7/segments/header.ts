import { type Segment, segment } from '../message/build.ts';
import { formatTime } from '../message/time.ts';
import type { SiteFacts } from '../site.ts';

/**
 * MSH. With MSH-15 and MSH-16 empty the receiver sends one application acknowledgement (original mode).
 * @param wall when the event was committed, ISO 8601. It is MSH-7 too: messages without EVN have no other time to be ordered by.
 */
export function msh(facts: SiteFacts, message: string, structure: string, control: string, wall: string): Segment {
  const { dialect, sender, receiver } = facts;
  return segment('MSH', {
    3: sender.application,
    4: sender.facility,
    5: receiver.application,
    6: receiver.facility,
    7: formatTime(wall, facts.timeZone, dialect.stamp),
    9: facts.version.structure ? [...message.split('^'), facts.version.structures[message] ?? structure] : message.split('^'),
    10: control,
    11: facts.processingId,
    12: facts.version.id,
    15: facts.acknowledgements?.accept,
    16: facts.acknowledgements?.application,
    18: facts.charset,
  });
}

/** EVN: the trigger, and when the event was committed. */
export const evn = (facts: SiteFacts, message: string, wall: string): Segment =>
  segment('EVN', {
    1: message.split('^')[1],
    2: formatTime(wall, facts.timeZone, facts.dialect.stamp),
  });
