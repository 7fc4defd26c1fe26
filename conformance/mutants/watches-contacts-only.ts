import { defineMutant } from './define.ts';

export const watchesContactsOnly = defineMutant({
  id: 'watches-contacts-only',
  breaks: 'Looks only at what CRM users change in contacts.',
  steps: (reference) => ({
    resolveCrmEdit: (row, link) =>
      row.object === 'Contact' ? reference.resolveCrmEdit(row, link) : { revert: {}, writeBack: {} },
  }),
  kills: [
    { check: 'RC-02', reason: 'wrong-value' },
    { check: 'AP-09', reason: 'not-written-back' },
  ],
});
