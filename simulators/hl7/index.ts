import { clockLever, type Face, type Kernel, type ListenOptions, OffsetClock, type Part } from '#kernel';
import { linkRoutes } from './control.ts';
import { dialectOf, type Sender } from './dialects/index.ts';
import { LinkIn } from './link-in.ts';
import { LinkOut, type LinkStatus } from './link-out.ts';
import type { Charset } from './message/charset.ts';
import type { Delimiters } from './message/delimiters.ts';
import { type GivenMessage, Outbox } from './outbox.ts';
import type { LinkSettings } from './settings.ts';
import type { SiteFacts } from './site.ts';
import type { SitePort } from './site-port.ts';
import { versionOf } from './versions.ts';

export { DIALECTS, type Dialect, type Sender, speaks } from './dialects/index.ts';
export { TRIGGERS } from './events/index.ts';
export { HL7_FAULTS } from './faults/index.ts';
export { batchFile, describeMessage, FileError, type FileMessage, readMessages } from './file.ts';
export { CONSENT_FIELDS } from './inbound/consent.ts';
export type { LinkState, LinkStatus } from './link-out.ts';
export type { AckOutcome } from './message/ack.ts';
export { CHARSETS, type Charset } from './message/charset.ts';
export { formatTime, parseTime } from './message/time.ts';
export { HL7_NOTES } from './notes.ts';
export type { GivenMessage } from './outbox.ts';
export { remoteSitePort } from './remote.ts';
export { looksReal, Scrubber } from './scrub.ts';
export { SENDERS } from './senders.ts';
export type { LinkSettings } from './settings.ts';
export { checkSettings } from './settings.ts';
export type { SiteChange, SiteCommit, SiteCommitted, SitePort } from './site-port.ts';
export { VERSION_NAMES } from './versions.ts';

/** What one hospital's links need to know. */
export interface Hl7SiteOptions {
  /** Site name; the same as that of its EHR. */
  site: string;
  /** Vendor whose habits the messages follow; one without a table of its own speaks plain 2.5.1. */
  dialect: string;
  /** Assigning authority of the site's MRNs: an OID or a URL. */
  authority: string;
  /** IANA name. */
  timeZone: string;
  /** MSH-3 and MSH-4; the dialect's when absent. */
  sender?: Sender;
  /** MSH-5 and MSH-6. */
  receiver?: Sender;
  /** MSH-11 of what is sent, and the only one that is taken: `P`, `T` or `D`. `P` when absent. */
  processingId?: string;
  /** MSH-12 of what is sent: see VERSIONS; the dialect's when absent. */
  version?: string;
  /** Delimiters of what is sent; the standard ones when absent. */
  delimiters?: Delimiters;
  /** Character set of what is sent (MSH-18); the dialect's when absent. */
  charset?: Charset;
  /** The site's journal, commits and records. */
  port: SitePort;
  /** Where the link out connects from the start, `host:port`; else as set before, or by the control API. */
  target?: string;
  /** The listener speaks TLS with the identity given at start. */
  tlsIn?: boolean;
}

/** The links of one site: it sends what is committed there, and takes updates in. */
export interface Hl7Site extends Part {
  readonly sim: 'hl7';
  /** Who it says it is, for `SYNCPROOF_<SITE>_MLLP_SENDER`. */
  readonly sender: Sender;
  link(): LinkStatus;
  setLink(change: LinkSettings): void;
  /** Queues a message from outside, to be sent as it is. Returns the control id under which the journal tells of it. */
  give(message: GivenMessage): string;
}

/** Mounts the HL7 v2 links of a site. */
export function createHl7Site(running: Kernel, options: Hl7SiteOptions): Hl7Site {
  const clock = new OffsetClock(running.clock);
  const kernel = running.with(clock);
  const dialect = dialectOf(options.dialect);
  const { site, port, authority, timeZone, processingId = 'P' } = options;
  const version = versionOf(options.version ?? dialect.version);
  const sender = options.sender ?? dialect.sender(site);
  const receiver = options.receiver ?? { application: 'CRM', facility: 'CRM' };
  const facts: SiteFacts = {
    ...{ site, dialect, authority, timeZone, sender, receiver, processingId, version },
    get clockOffset() {
      return clock.offset;
    },
    // Settings of the link, which can change while it runs.
    get charset() {
      return linkOut.settings.charset ?? options.charset ?? dialect.charset;
    },
    get delimiters() {
      return linkOut.delimiters ?? options.delimiters;
    },
    get acknowledgements() {
      return linkOut.settings.acknowledgements ?? undefined;
    },
  };
  const outbox: Outbox = new Outbox(kernel, facts, port, () => linkOut.wake());
  const linkOut = new LinkOut(kernel, facts, outbox);
  const linkIn = new LinkIn(kernel, facts, port, outbox.people, linkOut);
  if (options.target) linkOut.configure({ target: options.target });
  const levers = { clock: clockLever(clock) };
  kernel.places.add({
    sim: 'hl7',
    tenant: site,
    kind: 'HL7 setup',
    name: `setup of ${site}-hl7`,
    hooks: [],
    operations: () => [],
    levers,
  });

  return {
    name: `${site}-hl7`,
    sim: 'hl7',
    tenant: site,
    faces: [],
    sender,
    link: () => linkOut.status(),
    setLink: (change) => linkOut.configure(change),
    give: (message) => outbox.give(message),
    async start({ host, ports, identity }: ListenOptions) {
      if (ports.tcp !== undefined) await linkIn.listen({ host, port: ports.tcp, identity: options.tlsIn ? identity : undefined });
      outbox.start();
      linkOut.wake();
    },
    async stop() {
      outbox.stop();
      linkOut.stop();
      await linkIn.face.close();
    },
    describe() {
      const mllpIn = linkIn.face.address();
      const addresses: Record<string, string> = mllpIn ? { mllpIn } : {};
      // No secrets: what a receiver may want to check the header against.
      const credentials = { sender: `${sender.application}^${sender.facility}`, processingId, charset: facts.charset };
      return { name: `${site}-hl7`, sim: 'hl7', tenant: site, vendor: options.dialect, addresses, credentials };
    },
    control: (face: Face) => linkRoutes(face, site, linkOut, outbox),
  };
}
