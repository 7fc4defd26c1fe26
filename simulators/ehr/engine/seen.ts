import type { Context, RecordRef } from '#kernel';
import type { Site } from './context.ts';
import type { Stored } from './resource.ts';

/** Runs a read of the store: as it is, or as it was where this call reads the past. */
export type Look = <T>(read: () => T) => T;

export function lookOf({ name: tenant, store }: Site, context: Context): Look {
  const past = context.past({ sim: 'ehr', tenant });
  if (!past) return (read) => read();
  const images = past.map(({ record: { type, id, version }, image }) => ({ type, id, version, image: image as Stored | null }));
  return (read) => store.during(images, read);
}

/** Reads, says what is about to be shown, and reads once more: what is shown is what is there by then, or was in the past. */
export async function seen<T>(site: Site, context: Context, read: () => T, refs: (found: T) => RecordRef[]): Promise<T> {
  const found = read();
  const held = context.reading(refs(found), true);
  if (!held) return found;
  await held;
  return lookOf(site, context)(read);
}
