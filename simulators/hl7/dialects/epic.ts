import { segment } from '../message/build.ts';
import type { Dialect } from './dialect.ts';
import { generic } from './generic.ts';

/** Epic Bridges. */
export const epic: Dialect = {
  ...generic,
  name: 'epic',
  sender: (site) => ({ application: 'EPIC', facility: site.toUpperCase() }),
  // "Additional appointment information" of the scheduling interface: the note that goes with the appointment.
  appointmentEnd: ({ comment }) => (comment ? [segment('ZCH', { 1: comment })] : []),
  sources: [
    'open.epic.com, Outgoing ADT and Outgoing Appointment Scheduling interface specifications (May 2021)',
    ...generic.sources,
  ],
};
