import { defineMutant } from './define.ts';

let rounds = 0;

export const rewritesEachRound = defineMutant({
  id: 'rewrites-each-round',
  breaks: 'Takes a name with and without a blank at its end for two, and writes each contact with every round.',
  reads: 'both',
  steps: (reference) => ({
    mapPatient(patient, site, steps) {
      const fields = reference.mapPatient(patient, site, steps);
      return { ...fields, LastName: `${fields.LastName}${' '.repeat(++rounds % 2)}` };
    },
  }),
  // Where rounds are further apart than the judge waits for quiet, the state settles, and the next round's writes are what shows.
  kills: [{ check: 'RC-04', reason: 'never-settled', or: 'needless-write' }],
  mayFail: ['*'],
});
