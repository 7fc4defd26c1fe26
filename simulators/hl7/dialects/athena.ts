import type { Dialect } from './dialect.ts';
import { generic } from './generic.ts';

/** athenahealth: no more than its patient feed and its scheduling feed. */
export const athena: Dialect = {
  ...generic,
  name: 'athena',
  sender: (site) => ({ application: 'ATHENA', facility: site.toUpperCase() }),
  only: ['ADT^A04', 'ADT^A08', 'ADT^A28', 'ADT^A31', 'SIU^S12', 'SIU^S13', 'SIU^S14', 'SIU^S15', 'SIU^S26'],
  stamp: { fraction: 0, offset: false },
  slot: { fraction: 0, offset: false },
  sources: [
    'docs.athenahealth.com, outbound HL7 specification v21.7: the patient feed is A04, A08, A28 and A31',
    'Precision and zone of its times are not published in readable form: to the second, without zone',
  ],
};
