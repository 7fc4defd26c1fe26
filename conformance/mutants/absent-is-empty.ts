import { defineMutant } from './define.ts';

export const absentIsEmpty = defineMutant({
  id: 'absent-is-empty',
  breaks: 'Takes what a message leaves out for cleared.',
  steps: (reference) => ({
    mapMessagePatient: (message, site, steps) => ({
      MobilePhone: null,
      HomePhone: null,
      Email: null,
      Birthdate: null,
      ...reference.mapMessagePatient(message, site, steps),
    }),
  }),
  kills: [
    { check: 'DM-04', reason: 'wrong-value' },
    { check: 'HL-07', reason: 'wrong-value' },
  ],
  mayFail: ['ID-06', 'DQ-02'],
});
