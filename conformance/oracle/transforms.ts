import { type TypedValue, toTypedValue } from '@medplum/core';
import { parseDuration } from '../manifest/duration.ts';
import { type Chart, chartVariable, compilePath, type PathSite, siteVariables } from '../map/fhirpath.ts';
import { instantOf } from '../map/field-types.ts';
import type { CodeTable } from '../map/map.ts';
import { kilograms } from './kilograms.ts';
import { e164 } from './phone.ts';
import { addMonths, wallTime } from './zones.ts';

/** What a transform may look at beside the value itself. */
export interface TransformContext {
  site: PathSite;
  resource: unknown;
  /** The patient's chart, for expressions that name `%chart`. */
  chart?(): Chart;
  /** The day of the run, `YYYY-MM-DD`: what "older than six months" counts from. */
  today?: string;
  /** The CRM key of the person that a reference (`Patient/…`) leads to; undefined where it leads nowhere. */
  parentKey(reference: string): string | undefined;
}

/** What becomes of a source value. A `wrong` one is the row's `on_invalid`; undefined counts as missing. `code` names the mistake. */
export type Transformed = { value: unknown } | { wrong: string; code?: string } | undefined;

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

/** Transforms that take a setting, written `name:setting`. Each throws an Error that says what the setting must be. */
const WITH_SETTING: Readonly<Record<string, (setting: string) => Transform>> = {
  /** An instant, moved on by an ISO 8601 duration. */
  plus(setting) {
    const ms = parseDuration(setting);
    if (ms === undefined) throw new Error('"plus" needs a duration, such as plus:PT24H');
    return (input) => {
      const instant = instantOf(input);
      return instant === undefined ? { wrong: 'is no instant with its offset' } : { value: new Date(instant + ms).toISOString() };
    };
  },
  /** Whether a day or instant is more than so many months ago. */
  'older-than'(setting) {
    const months = Number(/^P(\d+)M$/.exec(setting)?.[1] ?? Number.NaN);
    if (Number.isNaN(months)) throw new Error('"older-than" needs months, such as older-than:P6M');
    return (input, { today = '' }) => ({ value: String(input).slice(0, 10) < addMonths(today, -months) });
  },
  /** A body weight in kilograms, whatever unit it was written in; what is outside `min-max` is implausible. */
  kilograms,
  /** What is wrong with a value, in the words of the transform that refuses it; missing where nothing is. */
  why(setting) {
    const inner = compileTransform(setting, new Map());
    return (input, context) => {
      const made = inner?.(input, context);
      return made && 'wrong' in made ? { value: made.code ?? made.wrong } : undefined;
    };
  },
};

const setting = (written: string): [name: string, setting: string] | undefined => {
  const [, name = '', rest = ''] = /^([a-z][a-z-]*):([\w:.-]+)$/.exec(written) ?? [];
  return Object.hasOwn(WITH_SETTING, name) ? [name, rest] : undefined;
};

/** The code table that `table:sex.csv` names; undefined for other transforms. */
export const tableName = (written: string): string | undefined => (written.startsWith('table:') ? written.slice(6) : undefined);

/** A bare word is meant as a name, never as FHIRPath: a slip of the pen must not turn into an empty path. */
export const isTransformName = (written: string): boolean =>
  Object.hasOwn(TRANSFORMS, written) ||
  written.startsWith('provenance:') ||
  setting(written) !== undefined ||
  /^[\w-]*$/.test(written);

/** What is wrong with a transform's name or setting; undefined where nothing is. */
export function transformMistake(written: string): string | undefined {
  try {
    compileTransform(written, new Map());
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The names that a `transform` cell may hold. */
export const transformNames = (): string[] => [
  ...Object.keys(TRANSFORMS).filter((name) => name !== ''),
  ...Object.keys(WITH_SETTING).map((name) => `${name}:<setting>`),
  'opaque',
  ...PROVENANCE.map((fact) => `provenance:${fact}`),
  'table:<file>',
];

/** What of a record's origin a field of the sync's own tells (`provenance:fetched`). */
export const PROVENANCE = ['system', 'fetched', 'updated'] as const;
export type Provenance = (typeof PROVENANCE)[number];

/** The fact that a row with such a transform tells; undefined for other transforms. */
export const provenanceOf = (written: string): Provenance | undefined =>
  PROVENANCE.find((fact) => written === `provenance:${fact}`);

/** Compiles the `transform` cell of a row; undefined for `opaque`, and for what the sync tells of itself. Throws an Error where there is no such thing. */
export function compileTransform(written: string, tables: ReadonlyMap<string, CodeTable>): Transform | undefined {
  if (written === 'opaque' || provenanceOf(written)) return undefined;
  if (written.startsWith('provenance:')) throw new Error(`there is no "${written}": a record has ${PROVENANCE.join(', ')}`);
  const table = tableName(written);
  if (table !== undefined) return lookUp(table, tables);
  const [name, of] = setting(written) ?? [];
  if (name !== undefined) return WITH_SETTING[name]?.(of as string);
  if (isTransformName(written)) {
    if (!Object.hasOwn(TRANSFORMS, written)) throw new Error(`there is no transform "${written}"`);
    return TRANSFORMS[written];
  }
  const path = compilePath(written);
  return (input, { site, resource, chart }) => {
    const variables: Record<string, TypedValue> = {
      ...siteVariables(site),
      '%resource': toTypedValue(resource),
      ...chartVariable(chart?.() ?? {}),
    };
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
