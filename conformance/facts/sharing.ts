import type { Version } from './facts.ts';

type Parts = Readonly<Record<string, unknown>>;

/**
 * A version that holds nothing a second time that stands unchanged in the version before it: most changes of a chart touch one
 * field, and a million versions have to fit into memory. Version and image stay objects of their own, as what is worked out of an
 * image is remembered by it.
 */
export function sharing<T>(version: Version<T>, before: Version<T> | undefined): Version<T> {
  if (!before) return version;
  const { ref, wall, act, actor, image } = version;
  return {
    ...version,
    ref: partsOf(ref, before.ref),
    wall: same(wall, before.wall),
    act: same(act, before.act),
    actor: same(actor, before.actor),
    image: isObject(image) && isObject(before.image) ? partsOf(image, before.image) : image,
  };
}

const isObject = (value: unknown): value is Parts => typeof value === 'object' && value !== null;

function partsOf<V extends object>(value: V, before: object): V {
  // A copy takes no more room than it has fields; an object to which they are added one by one does.
  const parts = { ...value } as Record<string, unknown>;
  for (const name of Object.keys(parts)) parts[name] = same(parts[name], (before as Parts)[name]);
  return parts as V;
}

// Of equal texts the older one: two of them are twice the memory.
function same<V>(value: V, before: unknown): V {
  if (value === before) return before as V;
  if (!isObject(value) || !isObject(before) || Array.isArray(value) !== Array.isArray(before)) return value;
  const parts = Array.isArray(value) ? value.map((part, i) => same(part, before[i])) : partsOf(value, before);
  const names = Object.keys(parts);
  const isSame = names.length === Object.keys(before).length && names.every((name) => (parts as Parts)[name] === before[name]);
  return (isSame ? before : parts) as V;
}
