import type { Reference } from '@medplum/fhirtypes';
import type { Occurrence } from '../message/build.ts';
import { formatDate, formatTime } from '../message/time.ts';
import type { SiteFacts } from '../site.ts';

/** Id in a reference such as `Practitioner/e1`; undefined when it points to something of another type. */
export const idIn = (reference: Reference | undefined, type?: string): string | undefined => {
  const [of, id] = (reference?.reference ?? '').split('/').slice(-2);
  return id && (type === undefined || of === type) ? id : undefined;
};

/** A provider as XCN; FHIR shows "Given Family", whatever the number of given names. */
export function xcn(provider: Reference | undefined): Occurrence {
  if (!provider) return undefined;
  const display = provider.display ?? '';
  const cut = display.lastIndexOf(' ');
  return [idIn(provider), display.slice(cut + 1), display.slice(0, Math.max(cut, 0))];
}

/** A place as PL: its code, and its name as the description (PL.9). */
export const pl = (place: Reference | undefined): Occurrence => place && [idIn(place), '', '', '', '', '', '', '', place.display];

/** A FHIR date or dateTime, to its own precision. */
export function moment(when: string | undefined, { timeZone, dialect }: SiteFacts): string | undefined {
  if (!when) return undefined;
  return when.includes('T') ? formatTime(when, timeZone, dialect.slot) : formatDate(when);
}
