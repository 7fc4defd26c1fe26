import type { Dialect } from './dialect.ts';
import { epic } from './epic.ts';
import { generic } from './generic.ts';

/** Every dialect. */
export const DIALECTS: readonly Dialect[] = [epic, generic];

/** The dialect of a vendor; one without a table of its own speaks `generic`. */
export const dialectOf = (vendor: string): Dialect => DIALECTS.find(({ name }) => name === vendor) ?? generic;

export type { Dialect, Sender } from './dialect.ts';
