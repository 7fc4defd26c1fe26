import type { DateTest, Indexed, PairTest, QuantityTest, StringMatch, TokenTest } from './criteria.ts';

export interface Fragment {
  sql: string;
  args: (string | number)[];
}

/** Case and accents away: how FHIR compares strings. */
export const foldString = (text: string): string =>
  (PLAIN.test(text) ? text : text.normalize('NFD').replace(/\p{M}/gu, '')).toLowerCase();

// Most texts are of such letters, and to take nothing away from them costs as much as all else that is done with them.
const PLAIN = /^[ -~]*$/;

export const either = (parts: Fragment[]): Fragment => ({
  sql: `(${parts.map(({ sql }) => sql).join(' OR ')})`,
  args: parts.flatMap(({ args }) => args),
});

/** One fragment for each value of a condition, on a row `i` of its table. */
export function tests(criterion: Exclude<Indexed, { kind: 'missing' | 'chain' }>): Fragment[] {
  switch (criterion.kind) {
    case 'token':
      return criterion.any.map((test) => tokenTest(test));
    case 'string':
      return criterion.any.map((text) => stringTest(text, criterion.match));
    case 'date':
      return criterion.any.map(dateTest);
    case 'quantity':
      return criterion.any.map((test) => quantityTest(test));
    case 'composite':
      return criterion.any.map(pairTest);
    case 'uri':
      return criterion.any.map((text) =>
        criterion.match === 'exact'
          ? { sql: 'i.value = ?', args: [text] }
          : { sql: '(i.value >= ? AND i.value < ?)', args: [text, `${text}\u{10FFFF}`] },
      );
    case 'reference':
      return [{ sql: `i.value IN (${criterion.any.map(() => '?').join(',')})`, args: criterion.any }];
  }
}

// Rows hold the number of a system; one that nobody has ever used has none, and finds nothing.
const NUMBERED = '(SELECT number FROM ehr_system WHERE text = ?)';

// `system|value`, `|value` (no system), `system|` (any value), `value` (any system).
function tokenTest({ system, value }: TokenTest, columns = ['i.value', 'i.system'], numbered = true): Fragment {
  const same = numbered ? NUMBERED : '?';
  if (value === undefined) return { sql: `${columns[1]} = ${same}`, args: [system ?? ''] };
  if (system === undefined) return { sql: `${columns[0]} = ?`, args: [value] };
  return { sql: `(${columns[0]} = ? AND ${columns[1]} = ${same})`, args: [value, system] };
}

function stringTest(text: string, match: StringMatch): Fragment {
  const folded = foldString(text);
  if (match === 'exact') return { sql: '(i.value = ? AND i.exact = ?)', args: [folded, text] };
  if (match === 'contains') return { sql: 'instr(i.value, ?) > 0', args: [folded] };
  return { sql: '(i.value >= ? AND i.value < ?)', args: [folded, `${folded}\u{10FFFF}`] };
}

/** The R4 definitions of the prefixes on ranges (hl7.org/fhir/R4/search.html#prefix), target against search value. */
export function dateTest({ prefix, low, high }: DateTest): Fragment {
  const inside = '(i.low >= ? AND i.high <= ?)';
  if (prefix === 'eq') return { sql: inside, args: [low, high] };
  if (prefix === 'ne') return { sql: `NOT ${inside}`, args: [low, high] };
  if (prefix === 'gt') return { sql: 'i.high > ?', args: [high] };
  if (prefix === 'lt') return { sql: 'i.low < ?', args: [low] };
  if (prefix === 'ge') return { sql: `(i.high > ? OR ${inside})`, args: [high, low, high] };
  if (prefix === 'le') return { sql: `(i.low < ? OR ${inside})`, args: [low, low, high] };
  if (prefix === 'sa') return { sql: 'i.low >= ?', args: [high] };
  if (prefix === 'eb') return { sql: 'i.high <= ?', args: [low] };
  return { sql: '(i.low < ? AND i.high > ?)', args: [high, low] };
}

/** Comparisons take the number as exact, equality the stretch that its digits leave open. */
function quantityTest({ prefix, value, low, high, system, code, unit }: QuantityTest): Fragment {
  const units: Fragment[] = [];
  if (system !== undefined) units.push({ sql: 'i.system = ?', args: [system] });
  if (code !== undefined) units.push({ sql: 'i.code = ?', args: [code] });
  if (unit !== undefined) units.push({ sql: '(i.code = ? OR i.unit = ?)', args: [unit, unit] });
  const inside = '(i.low >= ? AND i.low < ? AND i.high < ?)';
  const number: Record<QuantityTest['prefix'], Fragment> = {
    eq: { sql: inside, args: [low, high, high] },
    ap: { sql: inside, args: [low, high, high] },
    ne: { sql: `NOT ${inside}`, args: [low, high, high] },
    gt: { sql: 'i.high > ?', args: [value] },
    ge: { sql: 'i.high >= ?', args: [value] },
    lt: { sql: 'i.low < ?', args: [value] },
    le: { sql: 'i.low <= ?', args: [value] },
    sa: { sql: 'i.low > ?', args: [value] },
    eb: { sql: 'i.high < ?', args: [value] },
  };
  const all = [number[prefix], ...units];
  return { sql: `(${all.map(({ sql }) => sql).join(' AND ')})`, args: all.flatMap(({ args }) => args) };
}

// Both parts lie in one row; a string or code as `value`, a unit in `system`, `code` and `unit`.
function pairTest({ first, second }: PairTest): Fragment {
  const one = tokenTest(first, ['i.first', 'i.first_system']);
  const other =
    second.kind === 'token'
      ? tokenTest(second.test, undefined, false)
      : second.kind === 'date'
        ? dateTest(second.test)
        : second.kind === 'quantity'
          ? quantityTest(second.test)
          : second.kind === 'reference'
            ? { sql: `i.value IN (${second.test.map(() => '?').join(',')})`, args: second.test }
            : stringTest(second.test, 'prefix');
  return { sql: `(${one.sql} AND ${other.sql})`, args: [...one.args, ...other.args] };
}
