import type { Fields, ObjectName, Row } from '../model.ts';
import { Failure } from '../retry.ts';
import type { Crm } from './client.ts';
import { toBody } from './fields.ts';

type Waiting<In, Out> = { item: In; resolve(out: Out): void; reject(error: unknown): void };

/**
 * Makes one call of many that each ask for one thing: what comes while a call is under way goes with the next, so that a single one
 * waits for nobody and a thousand take ten calls. Each is told what became of its own.
 */
export function openBatch<In, Out>(most: number, call: (items: In[]) => Promise<(Out | Failure)[]>): (item: In) => Promise<Out> {
  const waiting: Waiting<In, Out>[] = [];
  let isUnderWay = false;

  async function work(): Promise<void> {
    isUnderWay = true;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, most);
      try {
        const made = await call(batch.map(({ item }) => item));
        batch.forEach(({ resolve, reject }, i) => {
          const one = made[i] ?? new Failure(0, 'not-answered');
          if (one instanceof Failure) reject(one);
          else resolve(one);
        });
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    isUnderWay = false;
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (!isUnderWay) void work();
    });
}

type RowResult = { id?: string; success: boolean; created?: boolean; errors: { statusCode: string; fields?: string[] }[] };

/** The client of a CRM that is asked for many rows at a time, and told of many: what a hospital full of people needs. */
export function inBatches(crm: Crm, most: number): Crm {
  const upserts = each((object) =>
    openBatch(most, async (rows: { key: string; fields: Fields }[]) => {
      const records = rows.map(({ key, fields }) => ({ attributes: { type: object }, EHR_Key__c: key, ...toBody(fields) }));
      const results = (await crm.request('PATCH', `/composite/sobjects/${object}/EHR_Key__c`, { records })) as RowResult[];
      return results.map(({ id, success, created = false, errors: [first] }) =>
        success ? { id, created } : new Failure(400, first?.statusCode ?? 'refused', 0, first?.fields),
      );
    }),
  );
  const finds = each((object) =>
    openBatch(most, async (keys: string[]) => {
      const rows = await crm.query(object, `EHR_Key__c IN (${keys.map(quoted).join(', ')})`);
      const byKey = new Map(rows.map((row) => [row.key, row]));
      return keys.map((key) => ({ row: byKey.get(key) }));
    }),
  );
  return {
    ...crm,
    upsert: (object, key, fields) => upserts(object)({ key, fields }),
    find: async (object, key): Promise<Row | undefined> => (await finds(object)(key)).row,
  };
}

/** A text of SOQL. */
export const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;

// Rows of one object go together.
function each<T>(make: (object: ObjectName) => T): (object: ObjectName) => T {
  const made = new Map<ObjectName, T>();
  return (object) => {
    const known = made.get(object) ?? make(object);
    made.set(object, known);
    return known;
  };
}
