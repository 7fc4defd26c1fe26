import { inBatches, type Written } from './batches.ts';
import { defineMutant } from './define.ts';

type Answered = { success: boolean; created: boolean; errors: { statusCode: string; fields: string[] }[] }[];

export const lawfulCollections = defineMutant({
  id: 'lawful-collections',
  breaks: 'Writes up to 200 rows of one object in one call, each for itself.',
  also: ['IP-07', 'BV-01'],
  steps: () => ({
    upsert: inBatches(200, async (crm, writes) => {
      const { object } = writes[0]!;
      const records = writes.map(({ key, body }) => ({ attributes: { type: object }, EHR_Key__c: key, ...body }));
      const answer = (await crm.request('PATCH', `/composite/sobjects/${object}/EHR_Key__c`, {
        allOrNone: false,
        records,
      })) as Answered;
      return answer.map(
        ({ success, created, errors: [error] }): Written =>
          success ? { created } : { errorCode: error!.statusCode, fields: error!.fields },
      );
    }),
  }),
  kills: [],
});
