import { defineMutant } from './define.ts';
import { apart, lawfulPhones, PHONES } from './lawful-phones.ts';

const [mobile, home] = PHONES as [(typeof PHONES)[0], (typeof PHONES)[0]];
const CROSSED = [
  { ...mobile, use: home.use },
  { ...home, use: mobile.use },
];

export const crossesPhones = defineMutant({
  id: 'crosses-phones',
  breaks:
    "Writes the mobile number into the row of the number at home, and the other way round; 'lawful-phones' writes both right.",
  map: 'person-phones',
  reads: 'both',
  steps: (reference) => ({
    ...lawfulPhones.steps(reference),
    upsert: (crm, object, key, fields) => reference.upsert(apart(crm, CROSSED), object, key, fields),
  }),
  kills: [{ check: 'DM-01', reason: 'wrong-value' }],
  // Everybody has both numbers.
  mayFail: ['*'],
});
