import type { Appointment } from '../reference/fhir/map.ts';
import { defineMutant } from './define.ts';

type Stamped = Appointment & { meta?: { lastUpdated?: string } };

/** The newest time of update that was read, by patient. */
const cursors = new Map<string, string>();

export const strictlyLater = defineMutant({
  id: 'strictly-later',
  breaks: 'Reads a page at a time and goes on with what was updated strictly later than the newest of it.',
  reads: 'poll',
  vendor: 'r4',
  steps: () => ({
    nextPage: () => undefined,
    async changedAppointments(fhir, patientId) {
      const since = cursors.get(patientId);
      const later = since ? `&_lastUpdated=gt${encodeURIComponent(since)}` : '';
      const page = await fhir.search<Stamped>(`Appointment?patient=${patientId}&_sort=_lastUpdated${later}`, 'Appointment');
      const newest = page.flatMap(({ meta }) => meta?.lastUpdated ?? []).sort();
      if (newest.length > 0) cursors.set(patientId, newest.at(-1)!);
      return page;
    },
  }),
  kills: [{ check: 'OR-07', reason: 'not-read' }],
});
