import type { LinkFault } from './define.ts';
import { FRAMING } from './framing.ts';
import { MERGES_GONE_WRONG, ORDER } from './order.ts';
import { STRUCTURE } from './structure.ts';
import { VALUES } from './values.ts';

/** Every fault of a link, in the order in which docs and `syncproof list faults` show them: tables by what they touch. */
export const HL7_FAULTS: readonly LinkFault[] = [...FRAMING, ...ORDER, ...MERGES_GONE_WRONG, ...STRUCTURE, ...VALUES];

/** Rows of the taxonomy that no fault of a link makes, and what does. */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  T12: 'impatient with connection=same: the sender reads MSA-2, so it cannot misread a late answer itself',
  T14: 'fault reset of the kernel at hook frame: the next message finds the connection dead',
  T16: 'fault outage of the kernel, or link setting paused, then a backlog in order',
  T20: 'link settings tls, ca, cert and key: a wrong authority, or no certificate of our own',
  A1: 'link setting acknowledgements; what the subject answers is observed',
  A2: 'link setting applicationOn=listener',
  A3: 'observed: outcomes garbled, stale and silent of the journal',
  A4: 'link settings sender and on: who sends an AE or an AR again',
  A5: 'observed: the text of answers is in the journal',
  O2: 'fault reorder of the kernel',
  O3: 'fault reorder or held-back where the operation is ADT^A03, ADT^A11 or ADT^A13',
  O4: 'fault reorder or held-back where the operation is SIU^S12',
  O5: 'fault held-back where the operation is ADT^A04',
  O6: 'fault reorder or late-copy where the operation is ORU^R01',
  O7: 'link setting connections: order is kept for each person, not across persons',
  M7: 'act unlink: ADT^A37',
  L1: 'syncproof feed --arrivals storm',
};
