import type { Dialect, Sender } from './dialects/index.ts';
import type { Charset } from './message/charset.ts';
import type { Delimiters } from './message/delimiters.ts';
import type { Version } from './versions.ts';

/** When an acknowledgement is wanted (HL7 table 0155): always, never, on errors only, on success only. */
export const ACK_CONDITIONS = ['AL', 'NE', 'ER', 'SU'] as const;
export type AckCondition = (typeof ACK_CONDITIONS)[number];

/** Enhanced acknowledgement mode: when the accept (MSH-15) and the application acknowledgement (MSH-16) are wanted. */
export interface AckConditions {
  accept: AckCondition;
  application: AckCondition;
}

const [CR, LF] = [0x0d, 0x0a];

/** What a message asks for in MSH-15 and MSH-16; undefined in the original mode. */
export function conditionsOf(bytes: Buffer): AckConditions | undefined {
  const end = [CR, LF].map((byte) => bytes.indexOf(byte)).filter((at) => at >= 0);
  const header = bytes.toString('latin1', 0, Math.min(bytes.length, ...end));
  const fields = header.split(header[3] ?? '|');
  const [accept, application] = [fields[14], fields[15]].map((each) => ACK_CONDITIONS.find((known) => known === each));
  return accept || application ? { accept: accept ?? 'NE', application: application ?? 'NE' } : undefined;
}

/** What messages of one hospital have in common. */
export interface SiteFacts {
  /** Site name, lower case; in upper case it is the namespace of its identifiers. */
  site: string;
  dialect: Dialect;
  /** Assigning authority of its MRNs: an OID or a URL. */
  authority: string;
  /** IANA zone of its wall clocks. */
  timeZone: string;
  sender: Sender;
  receiver: Sender;
  /** MSH-11: `P`, `T` or `D`. */
  processingId: string;
  charset: Charset;
  /** Of what is sent; the standard ones when absent. */
  delimiters?: Delimiters;
  version: Version;
  /** Milliseconds by which its clocks are wrong. */
  clockOffset?: number;
  /** MSH-15 and MSH-16; both empty is the original mode. */
  acknowledgements?: AckConditions;
}

const OID = /^\d+(\.\d+)+$/;

/** `identifier.system` of the site's MRNs in its FHIR records. */
export const systemOf = (authority: string): string => (OID.test(authority) ? `urn:oid:${authority}` : authority);

/** The authority as components of an HD: namespace, universal id, type of universal id. */
export const assigner = ({ site, authority }: Pick<SiteFacts, 'site' | 'authority'>): [string, string, string] => [
  site.toUpperCase(),
  authority,
  OID.test(authority) ? 'ISO' : 'URI',
];
