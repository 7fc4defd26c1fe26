import type { Dialect } from './dialect.ts';
import { generic } from './generic.ts';

/** Oracle Health (Cerner Millennium): version 2.3, alias pools for authorities, display texts for codes, Latin-1, no zone in times. */
export const cerner: Dialect = {
  ...generic,
  name: 'cerner',
  version: '2.3',
  charset: '8859/1',
  sender: () => ({ application: 'CERNER', facility: 'HNAM' }),
  control: (number) => `Q${number}T${number.slice(-10)}`,
  omits: ['ADT^A40', 'REF^I12'],
  stamp: { fraction: 0, offset: false },
  slot: { fraction: 0, offset: false },
  mrnType: 'MRN',
  authority: 'pool',
  oldId: true,
  homeAddress: 'home',
  codes: 'display',
  patientClass: false,
  sources: [
    'github.com/CDCgov/trusted-intermediary, examples/Oracle: MSH-4 HNAM, MSH-10, MSH-12, MSH-18, PID-2, PID-3 by pool, PID-11.7, empty PV1-2',
    'HL7 v2.3 chapters 2, 3, 4, 7 and 10',
  ],
};
