/**
 * Mixed: everything at once, as on a real day: the hospital changes charts and visits (which go out as HL7 messages and stand in its
 * FHIR API), new people come, CRM users edit what the CRM owns, and others read charts through the same FHIR API, and the CRM's rows as a report does.
 */
import { prepare } from './shared/script.ts';
import { load, steadily } from './shared/shape.ts';

export * from './shared/script.ts';

export const options = load({
  rate: 20,
  duration: '1m',
  people: 50,
  schedules: ({ rate, seconds, people }) => ({
    arrivals: steadily('arrivals', 2, people / 2),
    changes: steadily('changes', seconds, rate / 2, 3),
    // Only what has come to the CRM can be edited there.
    edits: steadily('edits', seconds * 0.6, rate / 10, 3 + seconds * 0.4),
    reads: steadily('reads', seconds, rate / 2, 3),
    reports: steadily('reports', seconds, rate / 10, 3),
  }),
});
prepare(options);
