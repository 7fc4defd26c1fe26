import { defineMutant } from './define.ts';

export const ignoresCrmEdits = defineMutant({
  id: 'ignores-crm-edits',
  breaks: 'Never looks at what CRM users change.',
  steps: () => ({ resolveCrmEdit: () => ({ revert: {}, writeBack: {} }) }),
  kills: [
    { check: 'OW-01', reason: 'wrong-value' },
    { check: 'OW-02', reason: 'not-written-back' },
  ],
});
