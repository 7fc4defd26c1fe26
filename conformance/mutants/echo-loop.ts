import { defineMutant } from './define.ts';

export const echoLoop = defineMutant({
  id: 'echo-loop',
  breaks: 'Takes its own writes for edits: whenever it sees a contact changed, it writes it again.',
  steps: (reference) => ({
    resolveCrmEdit(row, link) {
      const edit = reference.resolveCrmEdit(row, link);
      return row.object === 'Contact' ? { ...edit, revert: { LastName: row.fields.LastName ?? null, ...edit.revert } } : edit;
    },
    changedFields(link, held) {
      const { LastName } = link.desired;
      return { ...(LastName && { LastName: LastName.value }), ...reference.changedFields(link, held) };
    },
  }),
  kills: [{ check: 'OW-06', reason: 'never-settled' }],
  mayFail: ['*'],
});
