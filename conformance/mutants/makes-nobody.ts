import { defineMutant } from './define.ts';

export const makesNobody = defineMutant({
  id: 'makes-nobody',
  breaks: 'Makes a contact of a message that names no patient.',
  steps: (reference) => ({
    validateMessage(message, site, steps) {
      const refusal = reference.validateMessage(message, site, steps);
      return refusal?.text.startsWith('PID-3') ? undefined : refusal;
    },
    findIdentity: (list, site) => reference.findIdentity(list, site) ?? { authority: site.authority, mrn: 'UNKNOWN' },
  }),
  kills: [{ check: 'ID-07', reason: 'made-nobody' }],
  mayFail: ['HL-02'],
});
