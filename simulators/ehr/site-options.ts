import type { RecordRef } from '#kernel';
import { capabilityOf } from './engine/capability.ts';
import type { Stored } from './engine/resource.ts';
import type { ClientRegistration } from './smart/clients.ts';
import { VENDORS } from './vendors/index.ts';
import type { Vendor } from './vendors/vendor.ts';

export interface EhrSiteOptions {
  /** Site name: `[a-z][a-z0-9_]*`; tenant of every record and event. */
  name: string;
  /** Id of a vendor in VENDORS. */
  vendor: string;
  /** Tenant or practice in the vendor's addresses, where it has one. */
  tenant?: string;
  /** Who assigns the MRNs: an OID or a URL. */
  authority: string;
  /** IANA time zone of the clinic. */
  timeZone: string;
  /** Apps registered beside `syncproof-reference`; the same id replaces it. */
  clients?: readonly ClientRegistration[];
  /** Base of every URL that the site emits, without trailing slash; the Host header decides when absent. */
  publicUrl?: string;
  /** Lifetime of access tokens in seconds; the vendor's when absent. */
  tokenSeconds?: number;
  /** Seconds until a change shows in the vendor's change feeds, where it has some; the vendor's own when absent. */
  feedSeconds?: number;
  /** How granted scopes are spelled: an app setting at Epic. Default `v1`. */
  scopeStyle?: 'v1' | 'v2';
  /** Export jobs without waiting and without a window between them (`run`, the default), or with the vendor's own times. */
  pace?: 'run' | 'vendor';
  /** Requests for a user's approval are approved at once, or answered with a page. Default `auto`. */
  approve?: 'auto' | 'ask';
  /**
   * The hospital's own CapabilityStatement (R4), or a path to it as JSON: what it does not declare is refused the
   * vendor's way. With vendor `r4` it stands for a vendor that has no face of its own.
   */
  capability?: object | string;
}

/** What a commit did. */
export interface CommitResult {
  records: RecordRef[];
  /** Images after, aligned with `records`; null for a delete. */
  resources: (Stored | null)[];
  /** Journal sequence number of the commit event. */
  seq: number;
}

/**
 * The vendor of that id, with the hospital's own table where one is given.
 * @throws naming the vendors that there are, or what is wrong with the CapabilityStatement.
 */
export function vendorOf(id: string, capability?: object | string): Vendor {
  const vendor = VENDORS.find((one) => one.id === id);
  if (!vendor)
    throw new Error(`no vendor is called ${JSON.stringify(id)}; there are: ${VENDORS.map((one) => one.id).join(', ')}`);
  return capability === undefined ? vendor : Object.freeze({ ...vendor, ...capabilityOf(capability, vendor.overlay) });
}

/** The zone itself. @throws when it is none. */
export function checkZone(timeZone: string): string {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone });
    return timeZone;
  } catch {
    throw new Error(`${JSON.stringify(timeZone)} is no IANA time zone, such as America/Chicago`);
  }
}
