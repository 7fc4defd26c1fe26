import type { Fields } from '../reference/model.ts';
import { defineMutant } from './define.ts';

const corrected = (name: string): string =>
  name.toLowerCase().replace(/(^|[\s'-])(\p{L})/gu, (_, before: string, letter: string) => before + letter.toUpperCase());

const NAMES = ['FirstName', 'LastName'];

const withNames = (fields: Fields): Fields =>
  Object.fromEntries(
    Object.entries(fields).map(([name, held]) => [
      name,
      NAMES.includes(name) && typeof held === 'string' ? corrected(held) : held,
    ]),
  );

export const correctsCapitals = defineMutant({
  id: 'corrects-capitals',
  breaks: 'Writes every name with one capital: McKenna becomes Mckenna, and de la Cruz becomes De La Cruz.',
  reads: 'both',
  steps: (reference) => ({
    mapPatient: (...given) => withNames(reference.mapPatient(...given)),
    mapMessagePatient: (...given) => withNames(reference.mapMessagePatient(...given)),
  }),
  blind: true,
  kills: [{ check: 'DM-01', reason: 'wrong-value' }],
  mayFail: ['*'],
});
