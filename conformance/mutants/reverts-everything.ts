import { defineMutant } from './define.ts';

export const revertsEverything = defineMutant({
  id: 'reverts-everything',
  breaks: "Treats fields that the CRM owns as the EHR's, and puts the old value back.",
  steps: (reference) => ({
    resolveCrmEdit(row, link) {
      const { revert, writeBack } = reference.resolveCrmEdit(row, link);
      const old = Object.keys(writeBack).map((name) => [name, link.held?.[name] ?? null]);
      return { revert: { ...revert, ...Object.fromEntries(old) }, writeBack: {} };
    },
  }),
  kills: [{ check: 'OW-02', reason: 'not-written-back' }],
});
