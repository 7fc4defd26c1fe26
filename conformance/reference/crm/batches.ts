import type { Fields, ObjectName, Row } from '../model.ts';
import { Failure } from '../retry.ts';
import type { Crm } from './client.ts';
import { toBody } from './fields.ts';

/** Records that the CRM takes in one call. */
export const MOST = 200;
/** Keys that fit into the address of one. */
const MOST_KEYS = 100;

type Saved = Awaited<ReturnType<Crm['upsert']>>;
type Result = { id?: string; success: boolean; created?: boolean; errors: { statusCode: string; fields?: string[] }[] };

/**
 * The same client, whose upserts travel together: what is asked for while the first waits for `gather` goes out in one call, and
 * each is answered by its own result. An org counts calls, not records, so that many changes a second can be had in no other way.
 * A record is never twice in a call, as a person's writes follow one another. Rows are looked for together, too.
 */
export function inBatches(crm: Crm, gather: () => Promise<void>): Crm {
  const upsert = gathered<{ key: string; fields: Fields }, Saved>(gather, MOST, async (object, asked) => {
    const records = asked.map(({ key, fields }) => ({ attributes: { type: object }, EHR_Key__c: key, ...toBody(fields) }));
    const results = await crm.request('PATCH', `/composite/sobjects/${object}/EHR_Key__c`, { allOrNone: false, records });
    if (!Array.isArray(results) || results.length !== asked.length) throw new Failure(0, 'not-a-list-of-results');
    return (results as Result[]).map(({ id, success, created = false, errors }) =>
      success ? { id, created } : new Failure(400, errors[0]?.statusCode ?? 'refused', 0, errors[0]?.fields),
    );
  });
  const find = gathered<string, Row | undefined>(gather, MOST_KEYS, async (object, keys) => {
    const rows = await crm.query(object, `EHR_Key__c IN (${keys.map(quoted).join(', ')})`);
    const byKey = new Map(rows.map((row) => [row.key, row]));
    return keys.map((key) => byKey.get(key));
  });
  return { ...crm, find, upsert: (object, key, fields) => upsert(object, { key, fields }) };
}

type Asked<In, Out> = { item: In; done(out: Out): void; failed(error: unknown): void };

function gathered<In, Out>(
  gather: () => Promise<void>,
  most: number,
  call: (object: ObjectName, items: In[]) => Promise<(Out | Failure)[]>,
): (object: ObjectName, item: In) => Promise<Out> {
  const waiting = new Map<ObjectName, Asked<In, Out>[]>();

  async function collect(object: ObjectName, asked: Asked<In, Out>[]): Promise<void> {
    waiting.set(object, asked);
    await gather();
    waiting.delete(object);
    for (let from = 0; from < asked.length; from += most) void send(object, asked.slice(from, from + most));
  }

  // One that is refused leaves the others alone; a call that fails fails for all of them.
  async function send(object: ObjectName, asked: Asked<In, Out>[]): Promise<void> {
    try {
      const made = await call(
        object,
        asked.map(({ item }) => item),
      );
      asked.forEach(({ done, failed }, at) => {
        const one = made[at] as Out | Failure;
        if (one instanceof Failure) failed(one);
        else done(one);
      });
    } catch (error) {
      for (const { failed } of asked) failed(error);
    }
  }

  return (object, item) =>
    new Promise((done, failed) => {
      const one = { item, done, failed };
      const others = waiting.get(object);
      if (others) others.push(one);
      else void collect(object, [one]);
    });
}

/** A text of SOQL. */
export const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;
