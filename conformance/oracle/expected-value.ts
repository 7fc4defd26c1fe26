import { type TypedValue, toTypedValue } from '@medplum/core';
import { chartTypes, chartVariable, compilePath, siteVariables } from '../map/fhirpath.ts';
import { type FieldValue, type ParsedType, parseFieldType, parseTolerance } from '../map/field-types.ts';
import type { CodeTable, DataMap, MapRow } from '../map/map.ts';
import { compileTransform, type TransformContext, tableName } from './transforms.ts';

/** What a row of the map makes of one image of a resource. */
export type Outcome =
  | { state: 'value'; value: FieldValue }
  | { state: 'missing' }
  /** `raw` is the source's own value, `why` completes the sentence "it …". */
  | { state: 'invalid'; raw: string; why: string };

/** What a row does where there is no (good) value. */
export type Otherwise = 'keep' | 'clear' | 'raw' | 'quarantine' | { literal: FieldValue };

/** A row of `fields.csv`, compiled. */
export interface Rule {
  row: MapRow;
  type: ParsedType;
  /** ms of an instant, units of a number. */
  tolerance: number;
  opaque: boolean;
  /** Whether its value hangs on more than the resource itself: then it has none of its own acts. */
  readsChart: boolean;
  onMissing: Otherwise;
  onInvalid: Otherwise;
  /** The more restrictive of two values: the one that stands first in the row's table. Absent where there is no table to say. */
  strictest?(one: FieldValue, other: FieldValue): FieldValue;
  /** Whether a commit of this act changes the field. */
  triggeredBy(act: string): boolean;
  outcome(resource: object, context: TransformContext): Outcome;
}

/** Compiles a row. Throws an Error with the row's name for what `lintMap` calls an error. */
export function compileRule(row: MapRow, tables: DataMap['tables']): Rule {
  const type = parseFieldType(row.field_type);
  if (!type) throw new Error(`${row.id}: unknown field type "${row.field_type}"`);
  try {
    // What is the sync's own stems from nothing.
    const path = compilePath(row.source || (row.owner === 'sync' ? '{}' : ''));
    const transform = compileTransform(row.transform, tables);
    const readsChart = chartTypes(row.source).length > 0;
    const acts = new Set(row.trigger.split(/[\s|;]+/));
    return {
      row,
      type,
      tolerance: parseTolerance(row.tolerance) ?? 0,
      opaque: transform === undefined,
      strictest: strictestBy(tables.get(tableName(row.transform) ?? '')),
      readsChart,
      onMissing: otherwise(row.on_missing, type),
      onInvalid: otherwise(row.on_invalid, type),
      triggeredBy: (act) => acts.has('any') || acts.has(act),
      outcome(resource, context) {
        const focus = toTypedValue(resource);
        const variables: Record<string, TypedValue> = {
          ...siteVariables(context.site),
          '%resource': toTypedValue(context.resource),
          ...(readsChart && chartVariable(context.chart?.() ?? {})),
        };
        // Where an expression finds several values the first counts, as `.first()` would say.
        const [input] = path([focus], variables);
        if (input === undefined || input === null || input === '') return { state: 'missing' };
        const invalid = (why: string): Outcome => ({ state: 'invalid', raw: String(input), why });
        const made = transform?.(input, context);
        if (!made) return { state: 'missing' };
        if ('wrong' in made) return invalid(made.wrong);
        const read = type.type.read(made.value, type.size);
        if ('wrong' in read) return invalid(read.wrong);
        return read.value === null ? { state: 'missing' } : { state: 'value', value: read.value };
      },
    };
  } catch (error) {
    throw new Error(`${row.id}: ${(error as Error).message}`, { cause: error });
  }
}

// What the table does not know restricts nothing.
function strictestBy(table: CodeTable | undefined): Rule['strictest'] {
  if (!table) return undefined;
  const order = table.lines.map(({ cells }) => cells.target);
  const place = (value: FieldValue): number => {
    const found = order.indexOf(String(value));
    return found < 0 ? order.length : found;
  };
  return (one, other) => (place(other) < place(one) ? other : one);
}

function otherwise(written: string, { type, size }: ParsedType): Otherwise {
  if (written === 'keep' || written === 'clear' || written === 'raw' || written === 'quarantine') return written;
  if (!written.startsWith('=')) throw new Error(`"${written}" is no rule for a missing or invalid value`);
  const read = type.read(written.slice(1), size);
  if ('wrong' in read) throw new Error(`"${written.slice(1)}" ${read.wrong}`);
  return { literal: read.value };
}
