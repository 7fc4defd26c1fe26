import { defineMutant } from './define.ts';

/** Objects of the CRM; the EHR has others of other names. */
const IN_CRM = /^(Contact|Appointment__c|Task|Consent__c|\w+__c)\//;

export const auditsNoLookups = defineMutant({
  id: 'audits-no-lookups',
  breaks: 'Says that its trail tells of what it looks up in the CRM, and leaves that out.',
  steps: () => ({
    auditEntry: (entry) => (entry.action === 'read' && entry.what.every((one) => IN_CRM.test(one)) ? undefined : entry),
  }),
  kills: [{ check: 'SE-06', reason: 'not-audited' }],
});
