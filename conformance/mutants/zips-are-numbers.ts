import type { Fields } from '../reference/model.ts';
import { defineMutant } from './define.ts';

const asNumber = (fields: Fields): Fields =>
  typeof fields.MailingPostalCode === 'string'
    ? { ...fields, MailingPostalCode: fields.MailingPostalCode.replace(/^0+/, '') }
    : fields;

export const zipsAreNumbers = defineMutant({
  id: 'zips-are-numbers',
  breaks: 'Takes a postal code for a number: Boston loses the zero in front.',
  reads: 'both',
  steps: (reference) => ({
    mapPatient: (...given) => asNumber(reference.mapPatient(...given)),
    mapMessagePatient: (...given) => asNumber(reference.mapMessagePatient(...given)),
  }),
  blind: true,
  kills: [{ check: 'DM-01', reason: 'wrong-value' }],
  mayFail: ['*'],
});
