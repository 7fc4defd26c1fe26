import { defineMutant } from './define.ts';

export const lawfulChanged = defineMutant({
  id: 'lawful-changed',
  breaks: "Reads the charts that athenahealth's feeds of changes name, and no others.",
  reads: 'changed',
  vendor: 'athena',
  also: ['RS-01', 'RS-07', 'RS-09', 'SE-06', 'SE-07'],
  steps: () => ({}),
  kills: [],
});
