import type { Dialect } from './dialect.ts';
import { generic } from './generic.ts';

/** Epic Bridges. */
export const epic: Dialect = {
  ...generic,
  name: 'epic',
  sender: (site) => ({ application: 'EPIC', facility: site.toUpperCase() }),
  sources: ['open.epic.com, Outgoing ADT and Outgoing Appointment Scheduling interface specifications', ...generic.sources],
};
