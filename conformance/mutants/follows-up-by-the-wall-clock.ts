import { defineMutant } from './define.ts';

const DAY = 86_400_000;

/** How far the clinic's clock is ahead of UTC at that moment, milliseconds. */
function ahead(at: number, timeZone: string): number {
  const wall = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }).format(at);
  return Date.parse(`${wall.replace(' ', 'T')}Z`) - Math.floor(at / 1000) * 1000;
}

export const followsUpByTheWallClock = defineMutant({
  id: 'follows-up-by-the-wall-clock',
  breaks: "Has a follow-up due when the clinic's clock shows the same time next day: 23 or 25 hours later when clocks change.",
  reads: 'both',
  steps: (reference) => ({
    mapVisits(encounters, site, steps) {
      const fields = reference.mapVisits(encounters, site, steps);
      if (typeof fields.Follow_Up_By__c !== 'string') return fields;
      const due = Date.parse(fields.Follow_Up_By__c);
      const moved = due + ahead(due - DAY, site.timeZone) - ahead(due, site.timeZone);
      return { ...fields, Follow_Up_By__c: new Date(moved).toISOString() };
    },
  }),
  blind: true,
  kills: [{ check: 'EN-02', reason: 'wrong-value' }],
});
