import { inBatches, type Written } from './batches.ts';
import { defineMutant } from './define.ts';

// An empty cell leaves a field as it is; #N/A empties it. A lookup is a column named by the parent's key.
function cellsOf(body: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => {
      if (value === null) return [name, '#N/A'];
      if (typeof value !== 'object') return [name, String(value)];
      const [[key, parent]] = Object.entries(value) as [[string, unknown]];
      return [`${name}.${key}`, String(parent ?? '#N/A')];
    }),
  );
}

const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`;
/** Cells of each line; commas and line breaks stand in quotes. */
const linesOf = (csv: string): string[][] =>
  [...csv.matchAll(/((?:(?:"(?:[^"]|"")*"|[^,"\n]*),?)+)\n/g)].map(([, line]) =>
    [...line!.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
      ([, inQuotes, bare]) => inQuotes?.replaceAll('""', '"') ?? bare ?? '',
    ),
  );

export const lawfulBulk = defineMutant({
  id: 'lawful-bulk',
  breaks: 'Writes everything by jobs of the Bulk API 2.0.',
  also: ['IP-07', 'BV-01'],
  steps: () => ({
    upsert: inBatches(10_000, async (crm, writes) => {
      const { object } = writes[0]!;
      const rows = writes.map(({ key, body }) => ({ EHR_Key__c: key, ...cellsOf(body) }) as Record<string, string>);
      const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
      const csv = [names, ...rows.map((row) => names.map((name) => row[name] ?? ''))].map(
        (cells) => `${cells.map(quoted).join()}\n`,
      );
      const job = { object, operation: 'upsert', externalIdFieldName: 'EHR_Key__c', lineEnding: 'LF' };
      const { id } = (await crm.request('POST', '/jobs/ingest', job)) as { id: string };
      await crm.request('PUT', `/jobs/ingest/${id}/batches`, csv.join(''));
      await crm.request('PATCH', `/jobs/ingest/${id}`, { state: 'UploadComplete' });
      for (;;) {
        const { state } = (await crm.request('GET', `/jobs/ingest/${id}`)) as { state: string };
        if (['JobComplete', 'Failed', 'Aborted'].includes(state)) break;
      }
      const results = async (which: string) => {
        const [head = [], ...lines] = linesOf(String(await crm.request('GET', `/jobs/ingest/${id}/${which}`)));
        return new Map(
          lines.map((cells) => [cells[head.indexOf('EHR_Key__c')], Object.fromEntries(head.map((name, i) => [name, cells[i]!]))]),
        );
      };
      const [done, failed] = [await results('successfulResults'), await results('failedResults')];
      return writes.map(({ key }): Written => {
        const row = done.get(key);
        if (row) return { created: row.sf__Created === 'true' };
        const [, errorCode = 'UNKNOWN', field] = /^(\w+):.*?(?::(\w*) --)?$/s.exec(failed.get(key)?.sf__Error ?? '') ?? [];
        return { errorCode, fields: field ? [field] : [] };
      });
    }),
  }),
  kills: [],
});
