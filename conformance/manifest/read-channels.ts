import type { ReadChannel, SiteManifest } from './manifest.ts';

/** A way of reading. */
export type ReadKind = ReadChannel['kind'];

/** What athenahealth's feeds and the topics of its subscriptions tell of; the other ways can show every type. */
const TELLS_OF: Partial<Record<ReadKind, readonly string[]>> = {
  changed: ['Patient', 'Appointment'],
  subscription: ['Patient', 'Appointment'],
};

/** How late athenahealth's feeds show a change while a subject is checked (ms): they are about five minutes late. */
export const FIVE_MINUTES_PLAYED = 600;

/** The channels by which the subject reads a site. */
export const readChannels = (site: SiteManifest): ReadKind[] => site.channels.read.map(({ kind }) => kind);

/** Whether a change of a record of that type can come by that channel at all: only then does the channel owe it. */
export const tellsOf = (kind: ReadKind, type: string): boolean => TELLS_OF[kind]?.includes(type) ?? true;

/** Whether a channel tells of some types alone, so that what is read of others beside them comes by chance. */
export const isSelective = (kind: string): kind is ReadKind => Object.hasOwn(TELLS_OF, kind);
