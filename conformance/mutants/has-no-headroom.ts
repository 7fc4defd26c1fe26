import { defineMutant } from './define.ts';

const EACH_MS = 240;
let turn = Promise.resolve();

export const hasNoHeadroom = defineMutant({
  id: 'has-no-headroom',
  breaks: 'Works about four messages a second: enough for a day, not for what an outage leaves.',
  steps: (reference) => ({
    receive(message, text, inbox, machine) {
      turn = turn.then(() => machine.sleep(EACH_MS)).then(() => reference.receive(message, text, inbox, machine));
    },
  }),
  kills: [{ check: 'LT-04', reason: 'slow-to-catch-up' }],
  mayFail: ['*'],
});
