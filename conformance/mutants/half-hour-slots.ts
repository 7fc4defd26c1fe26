import { defineMutant } from './define.ts';

const HALF_HOUR_MS = 1_800_000;

export const halfHourSlots = defineMutant({
  id: 'half-hour-slots',
  breaks: 'Takes every appointment to last half an hour.',
  steps: (reference) => ({
    mapMessageAppointment(message, site, steps) {
      const fields = reference.mapMessageAppointment(message, site, steps);
      const end = new Date(Date.parse(String(fields.Start__c)) + HALF_HOUR_MS).toISOString();
      return { ...fields, End__c: end };
    },
  }),
  kills: [{ check: 'AP-01', reason: 'wrong-value' }],
});
