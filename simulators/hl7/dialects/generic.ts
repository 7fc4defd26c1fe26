import type { Dialect } from './dialect.ts';

/** Version 2.5.1 by the book: what a vendor without a table of its own speaks. */
export const generic: Dialect = {
  name: 'generic',
  version: '2.5.1',
  charset: 'UNICODE UTF-8',
  sender: (site) => ({ application: 'EHR', facility: site.toUpperCase() }),
  control: (number) => number,
  // The same act is told once: A40 took the place of A34 in version 2.3.1.
  omits: ['ADT^A34', 'ORM^O01'],
  // Milliseconds and an offset make the order of messages about one person readable from the messages alone.
  stamp: { fraction: 3, offset: true },
  slot: { fraction: 0, offset: true },
  mrnType: 'MR',
  authority: 'hd',
  oldId: false,
  homeAddress: 'H',
  phone: 'full',
  codes: 'code',
  patientClass: true,
  sources: ['HL7 v2.5.1 chapters 2, 3, 4, 7, 9, 10 and 11'],
};
