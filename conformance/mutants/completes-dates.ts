import { defineMutant } from './define.ts';

export const completesDates = defineMutant({
  id: 'completes-dates',
  breaks: 'Takes the first day where only year or month of birth is known.',
  steps: (reference) => ({
    birthDate: (text) =>
      reference.birthDate(text.replace(/^(\d{4})(?:-?(\d\d))?$/, (_, year, month) => `${year}-${month ?? '01'}-01`)),
  }),
  kills: [{ check: 'DQ-04', reason: 'invented-value' }],
});
