import { defineMutant } from './define.ts';

export const goesOnPastWhatMoves = defineMutant({
  id: 'goes-on-past-what-moves',
  breaks: 'Asks the CRM for what changed strictly later than the newest row it saw, also where it could not judge that row yet.',
  steps: () => ({
    crmChangesSince: (crm, object, cursor) =>
      crm.query(object, `EHR_Key__c != null${cursor ? ` AND SystemModstamp > ${cursor}` : ''} ORDER BY SystemModstamp`),
    checkpoint: (rows, _postponed, cursor) => rows.at(-1)?.modified ?? cursor,
  }),
  blind: true,
  kills: [{ check: 'OR-06', reason: 'not-written-back' }],
});
