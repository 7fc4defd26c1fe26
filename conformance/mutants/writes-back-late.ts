import { defineMutant } from './define.ts';

const LATER_MS = 3_600;

export const writesBackLate = defineMutant({
  id: 'writes-back-late',
  breaks: 'Carries edits into the EHR later than it promises.',
  steps: (reference) => {
    let now = (): number => 0;
    return {
      receive(message, text, inbox, machine) {
        now = machine.now;
        return reference.receive(message, text, inbox, machine);
      },
      resolveCrmEdit(row, link) {
        const edit = reference.resolveCrmEdit(row, link);
        return now() - Date.parse(row.modified) < LATER_MS ? { ...edit, writeBack: {} } : edit;
      },
    };
  },
  kills: [{ check: 'LT-05', reason: 'too-late' }],
  mayFail: ['OW-02', 'OW-03', 'AP-09', 'RS-09'],
});
