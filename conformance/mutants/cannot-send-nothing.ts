import { defineMutant } from './define.ts';

export const cannotSendNothing = defineMutant({
  id: 'cannot-send-nothing',
  breaks: 'Tells the hospital nothing of a field that a CRM user emptied: the old value stands in the chart.',
  steps: (reference) => ({
    writeBack: (link, edit, ...rest) =>
      reference.writeBack(link, Object.fromEntries(Object.entries(edit).map(([name, value]) => [name, value ?? ''])), ...rest),
  }),
  blind: true,
  kills: [{ check: 'OW-02', reason: 'not-written-back' }],
});
