import { defineMutant } from './define.ts';

export const criesWolf = defineMutant({
  id: 'cries-wolf',
  breaks: 'Says at each look at the CRM that five writes wait, whether any does or not, and nothing else.',
  steps: (reference) => ({
    crmChangesSince(crm, object, cursor) {
      console.log('crm writes wait: waiting=5');
      return reference.crmChangesSince(crm, object, cursor);
    },
    report: () => undefined,
  }),
  kills: [{ check: 'RS-10', reason: 'not-counted' }],
  mayFail: ['DQ-08', 'SV-05'],
});
