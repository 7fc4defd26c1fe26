import { defineMutant } from './define.ts';

const EACH_MS = 1_000;
let turn = Promise.resolve();

export const fallsBehind = defineMutant({
  id: 'falls-behind',
  breaks: 'Works one booking a second, whatever it declares.',
  steps: (reference) => ({
    receive(message, text, inbox, machine) {
      if (message.type !== 'SIU') return reference.receive(message, text, inbox, machine);
      turn = turn.then(() => machine.sleep(EACH_MS)).then(() => reference.receive(message, text, inbox, machine));
    },
  }),
  kills: [{ check: 'LT-03', reason: 'class-not-held' }],
  mayFail: ['*'],
});
