import { defineMutant } from './define.ts';

export const criesWolf = defineMutant({
  id: 'cries-wolf',
  breaks: 'Says at each message that five writes wait, whether any does or not, and nothing else.',
  steps: (reference) => ({
    receive(message, text, inbox, machine) {
      machine.log('a message');
      return reference.receive(message, text, inbox, machine);
    },
    report: () => 'crm writes wait: waiting=5',
  }),
  kills: [{ check: 'RS-10', reason: 'not-counted' }],
  mayFail: ['DQ-08', 'SV-05'],
});
