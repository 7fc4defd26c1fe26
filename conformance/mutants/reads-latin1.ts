import { defineMutant } from './define.ts';

export const readsLatin1 = defineMutant({
  id: 'reads-latin1',
  breaks: 'Reads UTF-8 as Latin-1.',
  steps: (reference) => ({
    decodeMessage: (text) => reference.decodeMessage(Buffer.from(text, 'utf8').toString('latin1')),
  }),
  kills: [{ check: 'HL-06', reason: 'wrong-value' }],
  mayFail: ['*'],
});
