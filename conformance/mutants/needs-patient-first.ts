import { defineMutant } from './define.ts';

const known = new Set<string>();

export const needsPatientFirst = defineMutant({
  id: 'needs-patient-first',
  breaks: 'Drops appointments of patients whom it has not heard of yet.',
  steps: (reference) => ({
    mapMessage(message, site, steps) {
      const facts = reference.mapMessage(message, site, steps);
      const person = facts.map((fact) => ('object' in fact ? fact.person : fact.survivor))[0] ?? '';
      if (message.type === 'SIU' && !known.has(person)) return [];
      known.add(person);
      return facts;
    },
  }),
  kills: [{ check: 'AP-08', reason: 'missing' }],
});
