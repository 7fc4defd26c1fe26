import { defineMutant } from './define.ts';

export const dropsExtension = defineMutant({
  id: 'drops-extension',
  breaks: 'Cuts the extension off telephone numbers.',
  steps: (reference) => ({
    normalisePhone: (text) => reference.normalisePhone(text)?.replace(/ x.*$/, ''),
  }),
  kills: [{ check: 'DQ-01', reason: 'wrong-value' }],
});
