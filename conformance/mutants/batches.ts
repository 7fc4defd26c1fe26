import type { Crm } from '../reference/crm/client.ts';
import { toBody } from '../reference/crm/fields.ts';
import type { Fields, ObjectName } from '../reference/model.ts';
import { Failure } from '../reference/retry.ts';

/** One row to be written by external id. */
export interface Write {
  object: ObjectName;
  key: string;
  body: Record<string, unknown>;
}

/** What became of it: created or not, or the CRM's own error. */
export type Written = { created: boolean } | { errorCode: string; fields?: string[] };

/**
 * Makes an `upsert` that writes several rows in one call: what comes while a call is under way goes with the next one. Each row keeps
 * its own outcome, so that one that fails is tried again alone.
 */
export function inBatches(most: number, send: (crm: Crm, writes: Write[]) => Promise<Written[]>) {
  const waiting: { write: Write; done: (written: Written) => void; failed: (error: unknown) => void }[] = [];
  let busy = false;
  async function work(crm: Crm): Promise<void> {
    if (busy) return;
    busy = true;
    while (waiting.length > 0) {
      // One row twice in a call would be refused: the second waits for the next.
      const keys = new Set<string>();
      const batch = waiting.filter(
        ({ write: { object, key } }) => object === waiting[0]!.write.object && !keys.has(key) && keys.add(key),
      );
      batch.length = Math.min(batch.length, most);
      for (const one of batch) waiting.splice(waiting.indexOf(one), 1);
      try {
        const written = await send(
          crm,
          batch.map(({ write }) => write),
        );
        for (const [i, one] of batch.entries()) one.done(written[i]!);
      } catch (error) {
        for (const { failed } of batch) failed(error);
      }
    }
    busy = false;
  }
  return async (crm: Crm, object: ObjectName, key: string, fields: Fields): Promise<{ created: boolean }> => {
    const written = await new Promise<Written>((done, failed) => {
      waiting.push({ write: { object, key, body: toBody(fields) }, done, failed });
      void work(crm);
    });
    if ('errorCode' in written) throw new Failure(400, written.errorCode, 0, written.fields);
    return written;
  };
}
