import type { Dialect, Sender } from './dialects/index.ts';
import type { Charset } from './message/charset.ts';

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
