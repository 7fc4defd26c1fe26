import { defineMutant } from './define.ts';

export const writesBlindly = defineMutant({
  id: 'writes-blindly',
  breaks: 'Never says from which version of a chart its change is made.',
  reads: 'both',
  vendor: 'r4',
  writeBack: 'fhir',
  steps: () => ({ basedOn: () => undefined }),
  kills: [{ check: 'OW-05', reason: 'lost-update' }],
});
