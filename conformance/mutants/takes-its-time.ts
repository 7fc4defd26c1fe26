import { defineMutant } from './define.ts';

const LATER_MS = 3_600;

export const takesItsTime = defineMutant({
  id: 'takes-its-time',
  breaks: 'Is slower with updates than it promises.',
  steps: (reference) => ({
    receive(message, text, inbox, machine) {
      if (message.event !== 'A08') return reference.receive(message, text, inbox, machine);
      void machine.sleep(LATER_MS).then(() => reference.receive(message, text, inbox, machine));
    },
  }),
  kills: [{ check: 'LT-01', reason: 'too-late' }],
  mayFail: ['*'],
});
