import { defineMutant } from './define.ts';

export const takesEverything = defineMutant({
  id: 'takes-everything',
  breaks: 'Takes every message that names a patient, whatever else is wrong with it.',
  steps: (reference) => ({
    validateMessage(message, site, steps) {
      const refusal = reference.validateMessage(message, site, steps);
      return refusal && /PID-3|PID is missing|MSH-10/.test(refusal.text) ? refusal : undefined;
    },
  }),
  kills: [{ check: 'HL-02', reason: 'not-refused' }],
  mayFail: ['RS-08', 'SE-09'],
});
