import { defineMutant } from './define.ts';

export const overwritesWhole = defineMutant({
  id: 'overwrites-whole',
  breaks: 'Writes the whole contact with every change, the fields that the CRM owns too.',
  steps: (reference) => ({
    changedFields(link, held) {
      const changed = reference.changedFields(link, held);
      if (Object.keys(changed).length === 0) return changed;
      return { ...Object.fromEntries(Object.entries(link.desired).map(([name, { value }]) => [name, value])), ...link.seed };
    },
  }),
  kills: [{ check: 'OW-03', reason: 'not-written-back' }],
  mayFail: ['OW-02'],
});
