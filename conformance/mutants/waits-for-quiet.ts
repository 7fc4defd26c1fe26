import { repetitions, segment } from '../reference/hl7/message.ts';
import { defineMutant } from './define.ts';

const QUIET_MS = 2_200;
/** What was put off, by person, with the message after which nothing came. */
const waiting = new Map<string, { last: string; works: (() => void)[] }>();

export const waitsForQuiet = defineMutant({
  id: 'waits-for-quiet',
  breaks: 'Takes the changes of a person when there was none of them for a while, however long that takes.',
  steps: (reference) => ({
    receive(message, text, inbox, machine) {
      const person = JSON.stringify(repetitions(segment(message, 'PID'), 3));
      const works = [...(waiting.get(person)?.works ?? []), () => void reference.receive(message, text, inbox, machine)];
      waiting.set(person, { last: message.control, works });
      void machine.sleep(QUIET_MS).then(() => {
        if (waiting.get(person)?.last !== message.control) return;
        waiting.delete(person);
        for (const work of works) work();
      });
    },
  }),
  kills: [{ check: 'LT-03', reason: 'class-not-held' }],
  mayFail: ['*'],
});
