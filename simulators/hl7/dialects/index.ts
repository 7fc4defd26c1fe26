import type { Version } from '../versions.ts';
import { athena } from './athena.ts';
import { cerner } from './cerner.ts';
import type { Dialect } from './dialect.ts';
import { epic } from './epic.ts';
import { generic } from './generic.ts';

/** Every dialect. */
export const DIALECTS: readonly Dialect[] = [epic, cerner, athena, generic];

/** The dialect of a vendor; one without a table of its own speaks `generic`. */
export const dialectOf = (vendor: string): Dialect => DIALECTS.find(({ name }) => name === vendor) ?? generic;

/** Whether a link of that dialect ever sends such a message, in that version: it tells of an act by what took a message's place. */
export function speaks(dialect: Dialect, message: string, version?: Version): boolean {
  const { replaced = {} } = version ?? {};
  if (Object.hasOwn(replaced, message)) return false;
  const { only, omits } = dialect;
  const names = [message, ...Object.keys(replaced).filter((old) => replaced[old] === message)];
  return names.some((name) => (only === undefined || only.includes(name)) && !omits.includes(name));
}

export type { Dialect, Sender } from './dialect.ts';
