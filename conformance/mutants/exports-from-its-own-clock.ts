import { defineMutant } from './define.ts';

let clock = () => 0;

export const exportsFromItsOwnClock = defineMutant({
  id: 'exports-from-its-own-clock',
  breaks: 'Asks the next export for what changed since the last one was had, not since the moment that it showed.',
  reads: 'bulk',
  vendor: 'r4',
  steps: (reference) => ({
    heeding(http, now) {
      clock = now;
      return reference.heeding(http, now);
    },
    takeExport: async (fhir, path) => ({ ...(await reference.takeExport(fhir, path)), at: new Date(clock()).toISOString() }),
  }),
  blind: true,
  kills: [{ check: 'BV-05', reason: 'not-read' }],
  mayFail: ['*'],
});
