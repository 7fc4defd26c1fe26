import type { Dialect } from './dialect.ts';

/** Version 2.5.1 by the book: what a vendor without a table of its own speaks. */
export const generic: Dialect = {
  name: 'generic',
  version: '2.5.1',
  sender: (site) => ({ application: 'EHR', facility: site.toUpperCase() }),
  // Milliseconds and an offset make the order of messages about one person readable from the messages alone.
  stamp: { fraction: 3, offset: true },
  slot: { fraction: 0, offset: true },
  mrnType: 'MR',
  sources: ['HL7 v2.5.1 chapters 2, 3 and 10'],
};
