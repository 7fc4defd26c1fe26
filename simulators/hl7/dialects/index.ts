import { athena } from './athena.ts';
import { cerner } from './cerner.ts';
import type { Dialect } from './dialect.ts';
import { epic } from './epic.ts';
import { generic } from './generic.ts';

/** Every dialect. */
export const DIALECTS: readonly Dialect[] = [epic, cerner, athena, generic];

/** The dialect of a vendor; one without a table of its own speaks `generic`. */
export const dialectOf = (vendor: string): Dialect => DIALECTS.find(({ name }) => name === vendor) ?? generic;

/** Whether a link of that dialect ever sends such a message. */
export const speaks = ({ only, omits }: Dialect, message: string): boolean =>
  (only === undefined || only.includes(message)) && !omits.includes(message);

export type { Dialect, Sender } from './dialect.ts';
