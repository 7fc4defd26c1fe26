import { defineMutant } from './define.ts';

export const emptiesOnUpdate = defineMutant({
  id: 'empties-on-update',
  breaks: 'Empties the mail address with every update message.',
  steps: (reference) => ({
    mapMessagePatient(message, site, steps) {
      const fields = reference.mapMessagePatient(message, site, steps);
      return message.event === 'A08' ? { ...fields, Email: null } : fields;
    },
  }),
  kills: [
    { check: 'ID-02', reason: 'wrong-value' },
    { check: 'DM-02', reason: 'wrong-value' },
    { check: 'OR-01', reason: 'wrong-value' },
  ],
  mayFail: ['DM-04', 'OW-06', 'IP-02', 'HL-07', 'DQ-02', 'SE-04'],
});
