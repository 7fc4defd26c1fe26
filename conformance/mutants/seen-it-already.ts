import { defineMutant } from './define.ts';

/** What every message said, its number and time left out. */
const seen = new Set<string>();

export const seenItAlready = defineMutant({
  id: 'seen-it-already',
  breaks: 'Skips a message that says what an earlier one said: what was changed and changed back stays changed.',
  steps: (reference) => ({
    mapMessage(message, site, steps) {
      const facts = reference.mapMessage(message, site, steps);
      const said = JSON.stringify(facts.map(({ stamp: _, ...fact }) => fact));
      if (seen.has(said)) return [];
      seen.add(said);
      return facts;
    },
  }),
  blind: true,
  kills: [{ check: 'DM-02', reason: 'stale-value' }],
});
