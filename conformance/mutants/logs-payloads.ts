import { defineMutant } from './define.ts';

export const logsPayloads = defineMutant({
  id: 'logs-payloads',
  breaks: 'Prints each message that it takes.',
  steps: (reference) => ({
    receive(message, text, inbox, machine) {
      machine.log(`received ${text.replaceAll('\r', ' ')}`);
      return reference.receive(message, text, inbox, machine);
    },
  }),
  kills: [{ check: 'SE-05', reason: 'phi-in-output' }],
});
