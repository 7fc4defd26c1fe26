import type { RecordRef } from '#kernel';

/** Any FHIR R4 resource, in the form in which the store keeps it. */
export interface Resource {
  resourceType: string;
  id?: string;
  meta?: { versionId?: string; lastUpdated?: string; [element: string]: unknown };
  [element: string]: unknown;
}

/** A resource that the store holds: id and meta are always there. */
export type Stored = Resource & { id: string; meta: { versionId: string; lastUpdated: string } };

/** Freezes a JSON value and everything in it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}

/** `Type/id` of a relative or absolute literal reference; undefined for anything else. */
export function parseReference(text: string): { type: string; id: string } | undefined {
  const found = /(?:^|\/)([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/.exec(text);
  return found ? { type: found[1]!, id: found[2]! } : undefined;
}

/** Visits every `reference` string in a resource with its FHIR path, contained and absolute ones included. */
export function eachReference(value: unknown, path: string, visit: (reference: string, path: string) => void): void {
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) eachReference(item, `${path}[${i}]`, visit);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    if (name === 'reference' && typeof inner === 'string') visit(inner, `${path}.reference`);
    else eachReference(inner, `${path}.${name}`, visit);
  }
}

/** The journal's name for one version of a stored resource. */
export const refOf = (tenant: string, resource: Stored): RecordRef => ({
  sim: 'ehr',
  tenant,
  type: resource.resourceType,
  id: resource.id,
  version: Number(resource.meta.versionId),
});
