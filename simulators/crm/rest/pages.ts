import { jsonOf, type PageForm, servedBy } from '#kernel';
import type { Org } from '../org.ts';

interface QueryResult {
  done: boolean;
  totalSize: number;
  nextRecordsUrl?: string;
  records: { attributes?: { url?: string } }[];
}

const LOCATOR = /\/(?:query|queryAll)\/(0r8\w{15})-\d+$/i;

/** Results of a query: `nextRecordsUrl` leads on, by a cursor that is kept. */
export function queryPages({ cursors }: Org): PageForm {
  return {
    read(reply, { url }) {
      const result = jsonOf(reply) as QueryResult | undefined;
      if (result?.done === undefined || !Array.isArray(result.records)) return undefined;
      const idOf = (one: QueryResult['records'][number]) => one.attributes?.url?.split('/').at(-1);
      const rows = result.records.map((value) => ({ value, record: reply.served?.find(({ id }) => id === idOf(value)) }));
      return {
        rows,
        next: result.nextRecordsUrl,
        self: LOCATOR.test(url) ? url : undefined,
        dead: (next) => next.replace(/0r8\w{15}/, `0r8${'0'.repeat(15)}`),
        make: (kept, next) => {
          const { totalSize } = result;
          const records = kept.map(({ value }) => value);
          const done = next === undefined;
          const body = JSON.stringify(done ? { totalSize, done, records } : { totalSize, done, nextRecordsUrl: next, records });
          return { ...reply, body, served: servedBy(reply, rows, kept) };
        },
      };
    },
    follows: ({ url }, next) => url === next,
    end: ({ path }) => {
      const [, locator] = LOCATOR.exec(path) ?? [];
      return locator && cursors.has(locator) ? () => void cursors.delete(locator) : undefined;
    },
    unsize: ({ headers }) =>
      headers['sforce-query-options'] === undefined ? undefined : () => void delete headers['sforce-query-options'],
  };
}
