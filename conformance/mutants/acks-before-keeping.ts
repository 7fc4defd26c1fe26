import { defineMutant } from './define.ts';

const LATER_MS = 400;

export const acksBeforeKeeping = defineMutant({
  id: 'acks-before-keeping',
  breaks: 'Acknowledges a message and keeps it only afterwards.',
  steps: (reference) => ({
    receive(message, text, inbox, machine) {
      void machine.sleep(LATER_MS).then(() => reference.receive(message, text, inbox, machine));
    },
  }),
  kills: [{ check: 'HL-01', reason: 'missing' }],
});
