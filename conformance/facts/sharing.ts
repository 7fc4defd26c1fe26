import type { Version } from './facts.ts';

type Parts = Readonly<Record<string, unknown>>;

/**
 * A version that holds nothing a second time that stands unchanged in the version before it: most changes of a chart touch one
 * field, and a million versions have to fit into memory. Version and image stay objects of their own, as what is worked out of an
 * image is remembered by it.
 */
export function sharing<T>(version: Version<T>, before: Version<T> | undefined): Version<T> {
  if (!before) return version;
  const { image } = version;
  const own = isObject(image) && isObject(before.image) ? partsOf(image, before.image) : image;
  return { ...partsOf(version, before), image: own };
}

const isObject = (value: unknown): value is Parts => typeof value === 'object' && value !== null;

const partsOf = <V extends object>(value: V, before: object): V =>
  Object.fromEntries(Object.entries(value).map(([name, part]) => [name, same(part, (before as Parts)[name])])) as V;

// Of equal texts the older one: two of them are twice the memory.
function same(value: unknown, before: unknown): unknown {
  if (value === before) return before;
  if (!isObject(value) || !isObject(before) || Array.isArray(value) !== Array.isArray(before)) return value;
  const parts = Array.isArray(value) ? value.map((part, i) => same(part, before[i])) : partsOf(value, before);
  const names = Object.keys(parts);
  const isSame = names.length === Object.keys(before).length && names.every((name) => (parts as Parts)[name] === before[name]);
  return isSame ? before : parts;
}
