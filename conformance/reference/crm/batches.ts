import type { Fields, ObjectName } from '../model.ts';
import { Failure } from '../retry.ts';
import type { Crm } from './client.ts';
import { toBody } from './fields.ts';

/** Records that the CRM takes in one call. */
export const MOST = 200;

type Saved = Awaited<ReturnType<Crm['upsert']>>;
type Asked = { key: string; fields: Fields; done(saved: Saved): void; failed(error: unknown): void };
type Result = { id?: string; success: boolean; created?: boolean; errors: { statusCode: string; fields?: string[] }[] };

/**
 * The same client, whose upserts travel together: what is asked for while the first waits for `gather` goes out in one call, and
 * each is answered by its own result. An org counts calls, not records, so that many changes a second can be had in no other way.
 * A record is never twice in a call, as a person's writes follow one another.
 */
export function inBatches(crm: Crm, gather: () => Promise<void>): Crm {
  const waiting = new Map<ObjectName, Asked[]>();

  async function collect(object: ObjectName, asked: Asked[]): Promise<void> {
    waiting.set(object, asked);
    await gather();
    waiting.delete(object);
    for (let from = 0; from < asked.length; from += MOST) void write(object, asked.slice(from, from + MOST));
  }

  // One that is refused leaves the others alone; a call that fails fails for all of them.
  async function write(object: ObjectName, asked: Asked[]): Promise<void> {
    const records = asked.map(({ key, fields }) => ({ attributes: { type: object }, EHR_Key__c: key, ...toBody(fields) }));
    try {
      const results = await crm.request('PATCH', `/composite/sobjects/${object}/EHR_Key__c`, { allOrNone: false, records });
      if (!Array.isArray(results) || results.length !== asked.length) throw new Failure(0, 'not-a-list-of-results');
      asked.forEach(({ done, failed }, at) => {
        const { id, success, created = false, errors } = results[at] as Result;
        if (success) done({ id, created });
        else failed(new Failure(400, errors[0]?.statusCode ?? 'refused', 0, errors[0]?.fields));
      });
    } catch (error) {
      for (const { failed } of asked) failed(error);
    }
  }

  return {
    ...crm,
    upsert: (object, key, fields) =>
      new Promise((done, failed) => {
        const one = { key, fields, done, failed };
        const others = waiting.get(object);
        if (others) others.push(one);
        else void collect(object, [one]);
      }),
  };
}
