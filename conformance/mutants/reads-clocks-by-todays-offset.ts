import { instant, value } from '../reference/hl7/message.ts';
import { defineMutant } from './define.ts';

export const readsClocksByTodaysOffset = defineMutant({
  id: 'reads-clocks-by-todays-offset',
  breaks: "Reads an appointment's time without a zone by the offset of the day on which the message was sent.",
  vendor: 'cerner',
  steps: (reference) => ({
    mapMessageAppointment(message, site, steps) {
      const sent = instant(value(message.segments[0], 7), site) ?? 0;
      const options = { timeZone: site.timeZone, timeZoneName: 'longOffset' } as const;
      const today = new Intl.DateTimeFormat('en-US', options).formatToParts(sent).find(({ type }) => type === 'timeZoneName');
      const timeZone = today?.value.replace('GMT', '') || 'UTC';
      return reference.mapMessageAppointment(message, { ...site, timeZone }, steps);
    },
  }),
  blind: true,
  kills: [{ check: 'AP-07', reason: 'wrong-value' }],
});
