import type { Machine } from '../reference/model.ts';
import { defineMutant } from './define.ts';

let machine: Machine | undefined;

export const lawfulSlow = defineMutant({
  id: 'lawful-slow',
  breaks: 'Takes a third of a second to make up its mind before each write, well inside what it promises.',
  steps: (reference) => ({
    receive(message, text, inbox, given) {
      machine = given;
      return reference.receive(message, text, inbox, given);
    },
    async save(...given) {
      await machine?.sleep(300);
      return reference.save(...given);
    },
  }),
  kills: [],
});
