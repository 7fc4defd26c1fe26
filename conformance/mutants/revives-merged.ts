import { defineMutant } from './define.ts';

export const revivesMerged = defineMutant({
  id: 'revives-merged',
  breaks: 'Takes a merge for an update of two charts, and every later message for a sign of life.',
  steps: (reference) => ({
    mapMessage: (message, site, steps) =>
      reference.mapMessage(message, site, steps).map((fact) =>
        'loser' in fact
          ? {
              object: 'Contact' as const,
              key: fact.loser,
              person: fact.loser,
              stamp: fact.stamp,
              fields: { Active__c: false },
              seed: {},
            }
          : fact.object === 'Contact'
            ? { ...fact, fields: { ...fact.fields, Active__c: true } }
            : fact,
      ),
  }),
  kills: [{ check: 'ID-06', reason: 'still-live' }],
  mayFail: ['ID-05'],
});
