import { defineMutant } from './define.ts';

const recent: number[] = [];
const AT_MOST = 40;
/** Long enough that a hundred messages come within it on a slow machine, too. */
const WITHIN_MS = 20_000;

export const shedsLoad = defineMutant({
  id: 'sheds-load',
  breaks: 'Acknowledges everything, but keeps no more than forty messages in twenty seconds.',
  steps: (reference) => ({
    receive(message, text, inbox, machine) {
      const now = machine.now();
      recent.push(now);
      while (recent[0]! < now - WITHIN_MS) recent.shift();
      return recent.length > AT_MOST ? undefined : reference.receive(message, text, inbox, machine);
    },
  }),
  kills: [{ check: 'BV-01', reason: 'missing' }],
  mayFail: ['*'],
});
