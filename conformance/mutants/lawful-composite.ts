import { inBatches, type Written } from './batches.ts';
import { defineMutant } from './define.ts';

interface Answered {
  compositeResponse: { httpStatusCode: number; body: { errorCode: string; fields?: string[] }[] }[];
}

export const lawfulComposite = defineMutant({
  id: 'lawful-composite',
  breaks: 'Writes up to 25 rows in one composite request.',
  also: ['IP-07', 'BV-01', 'OR-06', 'SE-06', 'SE-07'],
  steps: () => ({
    upsert: inBatches(25, async (crm, writes) => {
      const compositeRequest = writes.map(({ object, key, body }, i) => ({
        method: 'PATCH',
        url: `/services/data/v60.0/sobjects/${object}/EHR_Key__c/${encodeURIComponent(key)}`,
        referenceId: `write${i}`,
        body,
      }));
      const answer = (await crm.request('POST', '/composite', { allOrNone: false, compositeRequest })) as Answered;
      return answer.compositeResponse.map(
        ({ httpStatusCode, body }): Written => (httpStatusCode < 300 ? { created: httpStatusCode === 201 } : body[0]!),
      );
    }),
  }),
  kills: [],
});
