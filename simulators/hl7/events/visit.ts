import type { Encounter } from '@medplum/fhirtypes';
import { pid } from '../segments/pid.ts';
import { visitSegments } from '../segments/visit.ts';
import { defineTrigger, eachRecord, type Trigger } from './trigger.ts';

/** Trigger, structure, act, meaning, and how its PV1 differs. */
const ROWS: readonly [event: string, structure: string, act: string, doc: string, pv1?: { as?: string; moved?: boolean }][] = [
  ['A01', 'ADT_A01', 'admit', 'A patient is admitted to a bed.'],
  ['A02', 'ADT_A02', 'transfer', 'A patient is in another bed: PV1-3 is the new place, PV1-6 the former.', { moved: true }],
  ['A03', 'ADT_A03', 'discharge', 'A visit ended: PV1-45.'],
  ['A05', 'ADT_A05', 'pre-admit', 'A patient is expected.', { as: 'P' }],
  ['A11', 'ADT_A09', 'cancel-admit', 'The admission was a mistake.'],
  ['A13', 'ADT_A01', 'cancel-discharge', 'The discharge was a mistake: the visit is open again.'],
  ['A23', 'ADT_A21', 'delete-visit', 'The record of a visit was deleted.'],
];

/** The triggers about a stay: one message for each Encounter of a commit. */
export const VISIT_TRIGGERS: readonly Trigger[] = ROWS.map(([event, structure, act, doc, pv1]) =>
  defineTrigger({
    message: `ADT^${event}`,
    structure,
    acts: [act],
    doc,
    subjects: eachRecord<Encounter>('Encounter', ({ after }) => ({ encounter: after })),
    segments: (facts, { patient, encounter }) => [pid(facts, patient), ...visitSegments(facts, encounter!, pv1)],
  }),
);
