import { type FhirPathAtom, parseFhirPath, type TypedValue, toTypedValue } from '@medplum/core';

/** What an expression may ask of the site, as `%authority` and `%site.<name>`. */
export interface PathSite {
  name: string;
  /** As the setting `_AUTHORITY`: an OID without prefix, or a URL. */
  authority: string;
  time_zone: string;
  vendor?: string;
}

/** A compiled expression: the primitive values that it finds, in order. Throws where the data defies it (a wrong type, say). */
export type Path = (input: TypedValue[], variables: Record<string, TypedValue>) => unknown[];

const VARIABLES = ['authority', 'site', 'resource', 'chart'];

/** `urn:oid:` before an OID, a URL as it is: the system of an MRN. */
export const authoritySystem = (authority: string): string =>
  /^\d+(\.\d+)+$/.test(authority) ? `urn:oid:${authority}` : authority;

/**
 * All that a site's record says of one patient, by resource type, each oldest first by its own clinical time: what an
 * expression sees as `%chart`, as in `%chart.Encounter.where(status = 'finished').last().period.start`.
 */
export type Chart = Readonly<Record<string, readonly object[]>>;

/** The resource types that an expression reads from the chart. */
export const chartTypes = (expression: string): string[] => [
  ...new Set([...expression.matchAll(/%chart\.([A-Z]\w+)/g)].map(([, type]) => type as string)),
];

export const chartVariable = (chart: Chart): Record<string, TypedValue> => ({ '%chart': { type: 'Chart', value: chart } });

const sites = new WeakMap<PathSite, Record<string, TypedValue>>();

/** The variables of a site, made once for each. */
export function siteVariables(site: PathSite): Record<string, TypedValue> {
  const known = sites.get(site);
  if (known) return known;
  const made = {
    '%authority': { type: 'string', value: authoritySystem(site.authority) },
    '%site': { type: 'Site', value: site },
  };
  sites.set(site, made);
  return made;
}

const compiled = new Map<string, Path>();

/** Compiles FHIRPath. Throws an Error whose message says what is wrong with the expression. */
export function compilePath(expression: string): Path {
  const known = compiled.get(expression);
  if (known) return known;
  const wrong = pathMistake(expression);
  if (wrong) throw new Error(wrong.message);
  const atom = parseFhirPath(expression);
  const path: Path = (input, variables) => atom.eval({ variables }, input).map(({ value }) => value);
  compiled.set(expression, path);
  return path;
}

/** The first mistake in an expression, with its place in it (from 1) where that is known. */
export function pathMistake(expression: string): { message: string; column?: number } | undefined {
  if (expression === '') return { message: 'the expression is empty' };
  // Strings may hold anything; blanking them keeps places.
  const plain = expression.replace(/'(?:\\.|[^'\\])*'/g, (text) => `'${' '.repeat(text.length - 2)}'`);
  const open = /'[^']*$/.exec(plain.replace(/' *'/g, (text) => ' '.repeat(text.length)));
  if (open) return { message: 'a text is not closed by an apostrophe', column: open.index + 1 };
  try {
    // The parser takes the first token that does not fit for the end; brackets make it complain. It counts columns from 0,
    // which the bracket turns into ours, from 1.
    parseFhirPath(`(${expression})`);
  } catch (error) {
    const { message } = error as Error;
    const column = /column (\d+)/.exec(message)?.[1];
    return { message: message.replace(/ \(line.*$/, ''), ...(column && { column: Number(column) }) };
  }
  for (const match of plain.matchAll(/([A-Za-z]\w*)\s*\(/g)) {
    if (!isFunction(match[1] as string)) return { message: `FHIRPath has no function ${match[1]}()`, column: match.index + 1 };
  }
  for (const match of plain.matchAll(/%(\w+)/g)) {
    if (!VARIABLES.includes(match[1] as string))
      return {
        message: `unknown variable %${match[1]}; there are ${VARIABLES.map((name) => `%${name}`).join(', ')}`,
        column: match.index + 1,
      };
  }
  return undefined;
}

// Words before a parenthesis that are operators, not functions.
const OPERATORS = ['and', 'or', 'xor', 'implies', 'in', 'contains', 'is', 'as', 'div', 'mod'];

// The library keeps its list to itself: an unknown name says so, everything else complains of its arguments or works.
function isFunction(name: string): boolean {
  if (OPERATORS.includes(name)) return true;
  try {
    (parseFhirPath(`${name}()`) as FhirPathAtom).eval({ variables: {} }, [toTypedValue('x')]);
    return true;
  } catch (error) {
    return !/Unrecognized function/.test((error as Error).message);
  }
}
