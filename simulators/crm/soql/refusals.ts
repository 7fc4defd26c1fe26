import { pointing, SoqlError } from './error.ts';
import type { Comparison, Condition, Query } from './parse.ts';

/** What Salesforce refuses although the grammar allows it: SOQL and SOSL Reference, chapters of the clauses. */

const MAX_CHILDREN = 20;
const MAX_JOINS = 2;

const malformed = (text: string): SoqlError => new SoqlError('MALFORMED_QUERY', text);

/** @throws SoqlError */
export function checkStatement(
  query: Query,
  { counts, grouped, source }: { counts: boolean; grouped: boolean; source: string },
): void {
  const { select, limit, offset, orderBy, groupBy, having } = query;
  const fields = select.filter((item) => item.kind === 'fields');
  if (fields.some((item) => item.which !== 'standard') && (limit ?? 201) > 200)
    throw malformed('The SOQL FIELDS function must have a LIMIT of at most 200');
  if (fields.length > 0 && grouped) throw malformed('The SOQL FIELDS function is not supported in aggregate queries');
  if ((offset ?? 0) > 2000) throw new SoqlError('NUMBER_OUTSIDE_VALID_RANGE', 'Maximum SOQL offset allowed is 2000');
  if (counts && select.length > 1) throw malformed('COUNT() must be the only element in the SELECT list');
  if (counts && orderBy.length > 0) throw malformed('Ordered field must be grouped or aggregated: COUNT()');
  if (having && groupBy.length === 0) throw malformed("unexpected token: 'HAVING'");
  const aliased = select.find((item) => item.kind === 'field' && item.alias && !item.fn);
  if (aliased && !grouped) throw malformed('only aggregate expressions use field aliasing');
  const children = select.filter((item) => item.kind === 'children');
  if (children.length > MAX_CHILDREN) throw malformed(`maximum number of subqueries is ${MAX_CHILDREN}`);
  if (children.length > 0 && grouped) throw malformed('Grouped query cannot use child relationships in the SELECT list');
  if (children.some(({ query: inner }) => inner.groupBy.length > 0 || inner.select.some((item) => item.kind === 'aggregate')))
    throw malformed('aggregate functions are not supported in subqueries');
  const joins = joinsOf(query.where);
  if (joins.length > MAX_JOINS) throw malformed(`Maximum ${MAX_JOINS} semi join sub-selects are allowed`);
  for (const { join, under } of joins) {
    if (under !== 'and')
      throw malformed(pointing(source, join.at, 'Semi join sub-selects are only allowed at the top level WHERE expressions'));
    checkJoin(join, source);
  }
}

function checkJoin({ query, path, at }: Comparison, source: string): void {
  const no = (text: string) => malformed(pointing(source, at, text));
  if (path.length > 1) throw no('The left operand of a semi join cannot cross a relationship');
  const { select, orderBy, limit, offset, groupBy, where, purpose } = query!;
  const [item] = select;
  if (select.length !== 1 || item?.kind !== 'field' || orderBy.length > 0 || limit !== undefined || offset !== undefined)
    throw no('semi join sub-selects need exactly one field, and neither ORDER BY nor LIMIT');
  if (groupBy.length > 0 || purpose === 'update') throw no('semi join sub-selects can neither group nor lock');
  if (joinsOf(where).length > 0) throw no('Nesting of semi join sub-selects is not supported');
}

function joinsOf(condition: Condition | undefined, under = 'and'): { join: Comparison; under: string }[] {
  if (!condition) return [];
  if (condition.kind === 'compare') return condition.query ? [{ join: condition, under }] : [];
  if (condition.kind === 'not') return joinsOf(condition.item, 'not');
  const kind = under === 'and' ? condition.kind : under;
  return condition.items.flatMap((item) => joinsOf(item, kind));
}
