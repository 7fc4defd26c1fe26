import type { Interaction } from '../engine/capability.ts';
import type { Resource } from '../engine/resource.ts';
import { ATHENA_ACCEPTED } from './athena/accepted.ts';
import { CERNER_ACCEPTED } from './cerner/accepted.ts';
import type { Pointer } from './samples.ts';

/** Requests that a vendor with rules of its own accepts, where the samples would be refused. For tests. */
export interface Accepted {
  /** How a value is asked for, by `Type.parameter`: a range where one date will not do. */
  asks?: Readonly<Record<string, (value: string) => [name: string, value: string][]>>;
  /** What is written: a resource to create, or to be there and be changed, and what changes it; what a patch leaves. */
  writes?(type: string, pointer: Pointer): Written | undefined;
}
export interface Written {
  create?: Resource;
  /** Stored before it is updated, patched or deleted. */
  target?: Resource;
  patch?: { operations: object[]; shows: Record<string, unknown> };
}

/** By vendor. */
export const ACCEPTED: Readonly<Record<string, Accepted>> = { athena: ATHENA_ACCEPTED, cerner: CERNER_ACCEPTED };

/** The parameters with which a vendor lets one ask for that value. */
export const asked = (vendor: string, type: string, name: string, value: string): [string, string][] =>
  ACCEPTED[vendor]?.asks?.[`${type}.${name}`]?.(value) ?? [[name, value]];

/** Does a test of that interaction write what the vendor's own rules want? */
export const WRITING: readonly Interaction[] = ['create', 'update', 'patch', 'delete'];
