import type { SearchParameter } from './parameters.ts';
import type { Fragment } from './sql-tests.ts';

/** One key of `_sort`. */
export interface SortKey {
  /** Absent for `_id`. */
  parameter?: SearchParameter;
  descending: boolean;
}
/** Where a sorted page ended: the values of its last row. */
export type SortPlace = (string | number)[];

const COLUMN: Partial<Record<SearchParameter['table'], string>> = { date: 'low', quantity: 'low' };
const isNumber = (table?: SearchParameter['table']): boolean => table === 'date' || table === 'quantity';
// What has no value comes last, whichever way.
const last = ({ parameter, descending }: SortKey): string =>
  isNumber(parameter?.table) ? (descending ? '-9e18' : '9e18') : descending ? "''" : 'char(1114111)';

/** Columns `s0`, `s1`, … by which rows are put in order. */
export function sortColumns(keys: readonly SortKey[], keyOf: (parameter: SearchParameter) => number): string {
  return keys
    .map((key, i) => {
      const { parameter, descending } = key;
      if (!parameter) return `, r.id AS s${i}`;
      const column = COLUMN[parameter.table] ?? (parameter.table === 'composite' ? 'first' : 'value');
      const pick = descending ? 'max' : 'min';
      const from = `FROM ehr_${parameter.table} i WHERE i.key = ${keyOf(parameter)} AND i.rid = r.rid`;
      return `, coalesce((SELECT ${pick}(i.${column}) ${from}), ${last(key)}) AS s${i}`;
    })
    .join('');
}

export const sortOrder = (keys: readonly SortKey[]): string =>
  [...keys.map(({ descending }, i) => `s${i}${descending ? ' DESC' : ''}`), 'rid'].join(', ');

/** Rows that come after a place, whose last value is the row number. */
export function sortAfter(keys: readonly SortKey[], place: SortPlace): Fragment {
  const rid = place.at(-1)!;
  let after: Fragment = { sql: 'rid > ?', args: [rid] };
  for (let i = keys.length - 1; i >= 0; i--) {
    const value = place[i]!;
    const sign = keys[i]!.descending ? '<' : '>';
    after = { sql: `(s${i} ${sign} ? OR (s${i} = ? AND ${after.sql}))`, args: [value, value, ...after.args] };
  }
  return after;
}
