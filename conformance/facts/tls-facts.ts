import type { JournalEvent } from '#simulators';
import type { EventId } from '../result.ts';

/** A TLS handshake that somebody began with a simulator. */
export interface Handshake {
  at: number;
  place: string;
  /** What was offered otherwise than usual: the flaw of the certificate, or the only versions. */
  offer?: string;
  /** Whether the client went through with it. Some look at the certificate only then, and leave without a word. */
  taken: boolean;
  protocol?: string;
  event: EventId;
}

/** A call that came over TLS while something was offered otherwise than usual. */
export interface RiskyCall {
  at: number;
  place: string;
  offer: string;
  event: EventId;
}

const placeOf = ({ sim, tenant }: JournalEvent): string => `${sim}/${tenant}`;

/** A part of the fold of the journal: who was offered what over TLS, and who went on. */
export class TlsFacts {
  readonly handshakes: Handshake[] = [];
  readonly calls: RiskyCall[] = [];
  /** What each place offers, where it is not the usual. A connection never outlives a change of it. */
  #offers = new Map<string, string>();

  connection(event: JournalEvent, id: EventId): void {
    const { state, certificate, versions, protocol } = (event.data ?? {}) as Record<string, string | undefined>;
    const offer = certificate ?? versions;
    const place = placeOf(event);
    if (state === 'offers' && offer) this.#offers.set(place, offer);
    else if (state === 'offers') this.#offers.delete(place);
    else if (state === 'secured' || state === 'failed')
      this.handshakes.push({ at: event.at, place, offer, taken: state === 'secured', protocol, event: id });
  }

  request(event: JournalEvent, id: EventId): void {
    const place = placeOf(event);
    const offer = event.data?.secure === true ? this.#offers.get(place) : undefined;
    if (offer) this.calls.push({ at: event.at, place, offer, event: id });
  }
}

/** What came of an offer at one system, in the time of one check. */
export interface Offered {
  handshakes: Handshake[];
  calls: RiskyCall[];
}

/** What came to a system of a site (its EHR, or the CRM whatever the organisation) between two moments (µs) while it offered that. */
export function offered(
  facts: TlsFacts,
  { sim, site }: { sim: string; site: string },
  offer: string | undefined,
  [from, to]: readonly [number, number],
): Offered {
  const isThere = (place: string): boolean => (sim === 'ehr' ? place === `ehr/${site}` : place.startsWith(`${sim}/`));
  const fits = (one: { at: number; place: string; offer?: string }): boolean =>
    isThere(one.place) && one.offer === offer && one.at >= from && one.at <= to;
  return { handshakes: facts.handshakes.filter(fits), calls: facts.calls.filter(fits) };
}
