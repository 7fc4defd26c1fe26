import type { Call } from './context.ts';
import { criterion } from './criterion.ts';
import { given } from './search.ts';
import type { RowRef } from './store.ts';

/** The rows that the token covers, where its scopes are narrowed by search parameters: those that match one set of them. */
export function covered<R extends RowRef>(
  { site, type, filters }: Pick<Call, 'site' | 'type' | 'filters'>,
  rows: readonly R[],
): R[] {
  if (!filters || rows.length === 0) return [...rows];
  const within = new Set(
    filters.flatMap((filter) => {
      const criteria = [...new URLSearchParams(filter)].map(([key, value]) => criterion(site, type, given(key, value)));
      return site.store.narrow(type, rows, criteria).map(({ rid }) => rid);
    }),
  );
  return rows.filter(({ rid }) => within.has(rid));
}
