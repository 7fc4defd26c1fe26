import { defineMutant } from './define.ts';

export const stopsAtTwoHundred = defineMutant({
  id: 'stops-at-two-hundred',
  breaks: 'Knows no more than two hundred people.',
  reads: 'hl7',
  steps: (reference) => {
    const known = new Set<string>();
    return {
      async upsert(crm, object, key, fields) {
        if (object === 'Contact' && known.size >= 200 && !known.has(key)) return { created: false };
        known.add(key);
        return reference.upsert(crm, object, key, fields);
      },
    };
  },
  kills: [{ check: 'BV-02', reason: 'missing' }],
  mayFail: ['*'],
});
