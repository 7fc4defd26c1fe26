import { toTypedValue } from '@medplum/core';
import { compilePath, type PathSite, siteVariables } from '../map/fhirpath.ts';
import { parseFieldType } from '../map/field-types.ts';
import { type DataMap, isExclusion, type MapRow } from '../map/map.ts';
import { tableName } from './transforms.ts';

/** A value at the edge of what a row of the map can take, and where in a resource the row takes it from. */
export interface Boundary {
  row: MapRow;
  value: string | boolean;
  /** Keys and indexes that lead to the value. */
  place: readonly (string | number)[];
}

type Tree = { [key: string]: unknown } | unknown[];

/** Letters that no encoding but the right one gets right; such as every link can carry, those in 8859-1 too. */
const letters = (count: number): string =>
  'Zoë Nuñez-Müller '
    .repeat(Math.ceil(count / 17))
    .slice(0, count)
    .replace(/ $/, 'é');

/** Values at the edges of a row, by what its transform and its field can tell apart. None where only the site could say. */
function edges({ transform, field_type }: MapRow, tables: DataMap['tables']): (string | boolean)[] {
  const table = tables.get(tableName(transform) ?? '');
  if (table) return [...table.targets.keys()].filter((code) => code !== '*' && code !== '');
  // The last forms are foreign, and with an extension; all of them are fictional.
  if (transform === 'e164') return ['(212) 555-0143', '212.555.0144 x9', '+1 212 555 0145', '+44 20 7946 0123'];
  if (transform === 'lower') return ['MIXED.Case@Mail.Example', 'a@b.example'];
  if (transform !== '') return [];
  const { name, size } = parseFieldType(field_type) ?? {};
  if (name === 'date') return ['1900-01-01', '2000-02-29', '1999-12-31', '2024-02-29'];
  if (name === 'checkbox') return [true, false];
  if (name !== 'text') return [];
  return ['x', letters(12), ...(size === undefined ? [] : [letters(size), letters(size + 1)])];
}

/** The places of all plain values in a resource. */
function places(tree: unknown, before: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof tree !== 'object' || tree === null) return [before];
  const entries: [string | number, unknown][] = Array.isArray(tree) ? [...tree.entries()] : Object.entries(tree);
  return entries.flatMap(([key, value]) => places(value, [...before, key]));
}

/** A copy of a resource that holds other values at some places. */
export function withValues<T extends object>(resource: T, values: readonly Pick<Boundary, 'place' | 'value'>[]): T {
  const copy = structuredClone(resource);
  for (const { place, value } of values) {
    let at = copy as Tree;
    for (const key of place.slice(0, -1)) at = (at as Record<string | number, Tree>)[key]!;
    (at as Record<string | number, unknown>)[place.at(-1)!] = value;
  }
  return copy;
}

/**
 * The boundary values of every row that the EHR owns and that takes a value from this resource as it stands there. Where it stands is
 * found by trying: the place at which another value changes what the row's source finds. Identity is left alone.
 */
export function boundariesOf(map: DataMap, resource: { resourceType: string }, site: PathSite): Boundary[] {
  const objects = map.objects.filter(({ source, each }) => source === resource.resourceType && each === '');
  const keys = objects.flatMap(({ key, authority, parent }) => [key, authority, parent]);
  const rows = map.rows.filter(
    (row) =>
      row.owner === 'ehr' &&
      !isExclusion(row) &&
      objects.some(({ object }) => object === row.object) &&
      !keys.includes(row.field) &&
      !/identifier|%chart|\.active\b/.test(row.source),
  );
  const all = places(resource).filter(([first]) => first !== 'resourceType' && first !== 'id');
  return rows.flatMap((row) => {
    const values = edges(row, map.tables);
    const first = values[0];
    if (first === undefined) return [];
    const found = (of: object): unknown =>
      compilePath(row.source)([toTypedValue(of)], { ...siteVariables(site), '%resource': toTypedValue(of) })[0];
    const before = found(resource);
    const other = first === before ? (values[1] ?? first) : first;
    const place = all.find((candidate) => found(withValues(resource, [{ place: candidate, value: other }])) === other);
    return place === undefined || other === before ? [] : values.map((value) => ({ row, value, place }));
  });
}

/**
 * As few copies of a resource as hold every boundary value: the first value of each row in the first copy, the second in the second.
 * Where rows have fewer values than others, they begin anew.
 */
export function boundaryCopies<T extends { resourceType: string }>(map: DataMap, resource: T, site: PathSite): T[] {
  const byRow = [...Map.groupBy(boundariesOf(map, resource, site), ({ row }) => row).values()];
  const most = Math.max(0, ...byRow.map((values) => values.length));
  return Array.from({ length: most }, (_, n) =>
    withValues(
      resource,
      byRow.map((values) => values[n % values.length]!),
    ),
  );
}
