import { CRM_OWNED } from '../reference/crm/fields.ts';
import { defineMutant } from './define.ts';

export const answersBack = defineMutant({
  id: 'answers-back',
  breaks: 'Tells the EHR what the CRM holds whenever a contact changed, its own writes among them.',
  steps: (reference) => ({
    resolveCrmEdit(row, link) {
      const held = CRM_OWNED[row.object].map((name) => [name, row.fields[name] ?? null]);
      return { ...reference.resolveCrmEdit(row, link), writeBack: Object.fromEntries(held) };
    },
  }),
  kills: [
    { check: 'OW-02', reason: 'written-often' },
    { check: 'OW-06', reason: 'echoed' },
  ],
});
