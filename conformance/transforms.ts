import { type TypedValue, toTypedValue } from '@medplum/core';
import { compilePath, type PathSite, siteVariables } from './fhirpath.ts';
import { instantOf } from './field-types.ts';
import type { CodeTable } from './map.ts';
import { e164 } from './phone.ts';
import { wallTime } from './zones.ts';

/** What a transform may look at beside the value itself. */
export interface TransformContext {
  site: PathSite;
  resource: unknown;
  /** The CRM key of the person that a reference (`Patient/…`) leads to; undefined where it leads nowhere. */
  parentKey(reference: string): string | undefined;
}

/** What becomes of a source value. A `wrong` one is the row's `on_invalid`; undefined counts as missing. */
export type Transformed = { value: unknown } | { wrong: string } | undefined;

export type Transform = (input: unknown, context: TransformContext) => Transformed;

/** Transforms by name; the empty one copies. */
export const TRANSFORMS: Readonly<Record<string, Transform>> = {
  '': (input) => ({ value: input }),
  key: (input, { site }) => ({ value: `${site.authority}|${input}` }),
  parent(input, { parentKey }) {
    const key = parentKey(String(input));
    return key === undefined ? { wrong: 'leads to nobody who has a key' } : { value: key };
  },
  e164(input) {
    const number = e164(String(input));
    return number === undefined ? { wrong: 'is no telephone number that can be dialled' } : { value: number };
  },
  lower: (input) => ({ value: String(input).toLowerCase() }),
  'local-date'(input, { site }) {
    // A date without a time is a day of the calendar already: no zone can move it.
    if (/^\d{4}-\d\d-\d\d$/.test(String(input))) return { value: input };
    const instant = instantOf(input);
    return instant === undefined ? { wrong: 'is no instant with its offset' } : { value: wallTime(instant, site.time_zone).date };
  },
};

/** The code table that `table:sex.csv` names; undefined for other transforms. */
export const tableName = (written: string): string | undefined => (written.startsWith('table:') ? written.slice(6) : undefined);

/** A bare word is meant as a name, never as FHIRPath: a slip of the pen must not turn into an empty path. */
export const isTransformName = (written: string): boolean => Object.hasOwn(TRANSFORMS, written) || /^[\w-]*$/.test(written);

/** Compiles the `transform` cell of a row; undefined for `opaque`. Throws an Error where there is no such thing. */
export function compileTransform(written: string, tables: ReadonlyMap<string, CodeTable>): Transform | undefined {
  if (written === 'opaque') return undefined;
  const table = tableName(written);
  if (table !== undefined) return lookUp(table, tables);
  if (isTransformName(written)) {
    if (!Object.hasOwn(TRANSFORMS, written)) throw new Error(`there is no transform "${written}"`);
    return TRANSFORMS[written];
  }
  const path = compilePath(written);
  return (input, { site, resource }) => {
    const variables: Record<string, TypedValue> = { ...siteVariables(site), '%resource': toTypedValue(resource) };
    const [value] = path([toTypedValue(input)], variables);
    return value === undefined ? undefined : { value };
  };
}

function lookUp(file: string, tables: ReadonlyMap<string, CodeTable>): Transform {
  const table = tables.get(file);
  if (!table) throw new Error(`there is no table "${file}"`);
  return (input) => {
    const target = table.targets.get(String(input)) ?? table.targets.get('*');
    return target === undefined ? { wrong: `has no row in ${file}` } : { value: target };
  };
}
