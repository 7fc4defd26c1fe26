import { defineMutant } from './define.ts';

export const keysByChannel = defineMutant({
  id: 'keys-by-channel',
  breaks: 'Knows an appointment that it read of by another key than one that it heard of.',
  reads: 'both',
  steps: (reference) => ({
    appointmentKey: (authority, number, start) => {
      const key = reference.appointmentKey(authority, number, start);
      // Messages give instants with milliseconds, the FHIR face gives none.
      return start?.endsWith('.000Z') ? key : `${key}-f`;
    },
  }),
  kills: [{ check: 'OR-04', reason: 'unexpected-row' }],
  mayFail: ['*'],
});
