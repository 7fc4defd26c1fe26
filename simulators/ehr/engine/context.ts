import type { Cell, Context, Kernel } from '#kernel';
import type { TypeCapability, Vendor } from '../vendors/vendor.ts';
import type { Drifts } from './drift.ts';
import type { Store } from './store.ts';

/** Where a paging session goes on. Kept in a cell, so that a restart between two pages loses nothing. */
export interface PagingSession {
  type: string;
  /** Parameters of the first page; they are read again for each. */
  query: string;
  /** Row that the page before ended with, and its place where an order was asked for. */
  after: number;
  place?: (string | number)[];
  /** Matches in all, where the vendor counts them. */
  total?: number;
  client: string;
  /** Milliseconds since the epoch. */
  expires: number;
}

/** An access token that was given out; kept under a salted digest of it. */
export interface Grant {
  client: string;
  scopes: string[];
  expires: number;
  /** `Practitioner/<id>` of the user who approved it, where one did. */
  user?: string;
  /** What was on the screen when the app was launched from the EHR. */
  launch?: LaunchContext;
}

/** Ids of the patient, and of the encounter if one was open. */
export interface LaunchContext {
  patient: string;
  encounter?: string;
}

/** One site as its handlers see it. */
export interface Site {
  readonly name: string;
  /** Tenant or practice, as the vendor's addresses have it. */
  readonly tenant: string;
  readonly vendor: Vendor;
  readonly kernel: Kernel;
  readonly store: Store;
  /** Paths with the tenant filled in. */
  readonly paths: Vendor['paths'];
  readonly systems: { mrn: string; appointment: string; provider: string };
  /** The group that lists every patient. */
  readonly groupId: () => string | undefined;
  readonly sessions: Cell<PagingSession>;
  readonly grants: Cell<Grant>;
  /** How resources are shown and taken where the schema is another one than that of the records. */
  readonly drift: Drifts;
  /** A grant as it counts now: rights may have been withdrawn since. */
  readonly narrowed: (grant: Grant) => Grant;
  /** The same for scopes that are about to be granted. */
  readonly narrowedScopes: (scopes: readonly string[]) => string[];
  /** Counts one more, and says whether it is one too many, where a quota holds. */
  readonly isOverQuota: (what: 'calls' | 'tokens') => boolean;
  /** Lifetime of tokens in seconds. */
  readonly tokenSeconds: number;
  /** The most that a page of search results holds, however many were asked for: a server may give less. */
  readonly pageLimit: () => number;
  /** The most that a file of an export holds. */
  readonly fileLimit: () => number;
  /** Counts a call; how many there were in this second of the clock. */
  readonly spend: () => number;
}

/** What a handler on a resource type is given. */
export interface Call {
  site: Site;
  context: Context;
  type: string;
  table: TypeCapability;
  grant: Grant;
  /** Search parameters of which a resource must match one set at least, where the token is narrowed by some. */
  filters?: readonly string[];
}
