import type { Identifier } from '@medplum/fhirtypes';
import type { Face, Reply, Request } from '#kernel';
import type { Conditional, Interaction, StatementOverlay, SystemInteraction } from '../engine/capability.ts';
import type { Registrar } from '../engine/changes.ts';
import type { Grant, Site } from '../engine/context.ts';
import type { DatePrefix } from '../engine/criteria.ts';
import type { PatchOperation } from '../engine/json-patch.ts';
import type { Resource, Stored } from '../engine/resource.ts';
import type { Cors } from '../smart/cors.ts';
import type { Bulk } from './bulk.ts';

export type { Interaction } from '../engine/capability.ts';

/** What must be asked for together in a search; otherwise it is refused, or finds nothing where `weak` says so. */
export interface SearchNeeds {
  /** At least one of these sets in full; `a|b` inside a set means either. */
  anyOf: string[][];
  /** What happens when some native parameter is given, but no full set. */
  weak?: 'empty';
  /** The refusal, where it is not `missing-criteria`. */
  error?: ErrorName;
  text: string;
  expression: string;
}

/** One resource type of a capability table. */
export interface TypeCapability {
  interactions: readonly Interaction[];
  /**
   * `native` finds, `post` only filters what was found, `house` is looked at by the vendor's hooks and finds nothing,
   * null exists at the vendor and is missing here (a loud 501).
   */
  search: Readonly<Record<string, 'native' | 'post' | 'house' | null>>;
  /** Operations that the vendor has; null for those that this simulator lacks. */
  operations?: Readonly<Record<string, 'native' | null>>;
  /** All of them must be met. */
  needs?: readonly SearchNeeds[];
  /** Parameters that may be chained: all, or as `patient.name`. */
  chains?: true | readonly string[];
  /** Is reverse chaining (`_has`) offered? */
  has?: boolean;
  /** Modifiers that are offered, `:Type` aside; absent for all that the engine knows. */
  modifiers?: readonly string[];
  /** `Type:parameter`, or `*` for every reference. */
  include?: readonly string[];
  revInclude?: readonly string[];
  conditional?: Conditional;
  /** Where a type differs from the vendor's habit: page size, `Bundle.total`. */
  defaultCount?: number;
  maxCount?: number;
  total?: 'all' | 'page' | 'none';
  /** Order of results where the client asks for none (or may not ask): parameters, `-` before one for descending. */
  sort?: readonly string[];
  /** A search that matches more than these is refused (`too-many`). */
  maxMatches?: number;
  /** Must an update say, by If-Match, which version it is about? */
  mustMatch?: boolean;
  /** Unknown parameters: silently dropped, dropped with a note in the bundle, or refused. */
  unknown?: 'ignore' | 'note' | 'reject';
}

/** Resource type by interaction by search parameter; null for a type that the vendor has and this simulator lacks. */
export type CapabilityTable = Readonly<Record<string, TypeCapability | null>>;

/** One way in which a request is refused. Handlers and rules name it; the vendor says how it looks. */
export interface ErrorRow {
  status: number;
  severity?: 'fatal' | 'error' | 'warning' | 'information';
  /** FHIR issue type. */
  issue?: string;
  /** The vendor's own code. */
  code?: string;
  text: string;
  /** OAuth error code, for the token endpoint. */
  oauth?: string;
  /** A reply that is no OperationOutcome. */
  raw?: { type?: string; body: string };
  headers?: Readonly<Record<string, string>>;
  /** May the client try the same again? */
  retryable: boolean;
  /** Is it certain that nothing was applied? */
  definite: boolean;
}

/** Every refusal by name. The kernel's rules use the first six; the rest are the handlers'. */
export const ERROR_NAMES = [
  'not-found',
  'unavailable',
  'throttled',
  'unauthorized',
  'forbidden',
  'invalid',
  'internal',
  'unknown-path',
  'unknown-type',
  'deleted',
  'not-allowed',
  'not-acceptable',
  'not-simulated',
  'unsupported-media',
  'structure',
  'required',
  'value',
  'code-invalid',
  'reference-not-found',
  'conflict',
  'precondition-failed',
  'no-results',
  'unknown-parameter',
  'invalid-parameter',
  'invalid-reference',
  'missing-criteria',
  'session-expired',
  'invalid-client',
  'invalid-request',
  'unsupported-grant',
  'unauthorized-client',
  'invalid-grant',
  'export-running',
  'export-too-soon',
  'export-signature',
  'invariant',
  'multiple-matches',
  'test-failed',
  'user-forbidden',
  'unsupported-search',
  'unknown-value',
  'precondition-required',
  'done',
  'tenant-required',
  'tenant-forbidden',
  'unknown-tenant',
  'invalid-scope',
  'too-many',
  'merged',
  'no-search',
  'sub-type-suppressed',
  'no-sub-type',
] as const;
export type ErrorName = (typeof ERROR_NAMES)[number];

/** Errors with which no handler refuses, as they come of what else goes on there. A vendor has those that it is known to have. */
export const TROUBLE_NAMES = [
  'duplicate',
  'locked',
  'dependency-failed',
  'restricted',
  'daily-limit',
  'timeout',
  'bad-gateway',
  'gateway-timeout',
] as const;
export type TroubleName = (typeof TROUBLE_NAMES)[number];

/** The row of an error of either kind. */
export const errorRow = ({ errors, troubles }: Pick<Vendor, 'errors' | 'troubles'>, name: string): ErrorRow | undefined =>
  Object.hasOwn(errors, name) ? errors[name as ErrorName] : troubles[name as TroubleName];

/** Every name under which the vendor refuses something. */
export const refusals = ({ errors, troubles }: Pick<Vendor, 'errors' | 'troubles'>): string[] =>
  Object.entries({ ...errors, ...troubles }).flatMap(([name, { status }]) =>
    status >= 400 && name !== 'not-simulated' ? [name] : [],
  );

/** How a client proves itself at the token endpoint. */
export type ClientMethod = 'private_key_jwt' | 'client_secret_basic' | 'client_secret_post';

/** What an issue is about, beside its row. */
export interface IssueDetail {
  error: ErrorName | TroubleName;
  diagnostics?: string;
  /** Element or parameter. */
  expression?: string;
}

/** One parameter of a search as it was given. */
export interface Given {
  name: string;
  modifier?: string;
  /** `name` in `patient.name=…`. */
  chain?: string;
  value: string;
  /** Added by the vendor's hook: it counts though the table does not offer it, and fulfils no need. */
  own?: true;
}

/** What a hook may know of the site. */
export interface SiteFacts {
  mrnSystem: string;
  appointmentSystem: string;
  /** The site's time. */
  now(): string;
  exists(type: string, id: string): boolean;
  /** Resources that match search parameters. */
  find(type: string, params: Readonly<Record<string, string>>): Stored[];
  /** An id of the vendor's form. */
  mint(type: string): string;
  /** Refuses the request with issues of several kinds; the status is that of the first name. Throws. */
  rejectWith(error: ErrorName, details: readonly IssueDetail[]): never;
  /** Refuses the request. Throws. */
  reject(error: ErrorName, detail?: Omit<IssueDetail, 'error'>): never;
}

/** A page of a search before it becomes a bundle. */
export interface BundlePage {
  base: string;
  type: string;
  total?: number;
  links: { relation: string; url: string }[];
  /** `text` is the resource as JSON. */
  entries: { fullUrl: string; text: string; mode: 'match' | 'include' | 'outcome' }[];
}

/**
 * One EHR product on the wire: values first, a function only where a value cannot say it. Each stated oddity has a
 * source.
 */
export interface Vendor {
  id: string;
  title: string;
  software: { name: string; version: string };
  /** `{tenant}` is replaced by the site's tenant. No trailing slash. */
  paths: {
    fhir: string;
    token: string;
    /** Where a browser asks for a user's approval. */
    authorize: string;
    introspect: string;
  };
  capability: CapabilityTable;
  /** What can be asked of the whole server. */
  system: readonly SystemInteraction[];
  /** What a CapabilityStatement of this vendor leaves unsaid; laid over a user's own as well. */
  overlay: StatementOverlay;
  /** Identifier systems under which the site numbers people and appointments, from its assigning authority. */
  systems: { mrn(authority: string): string; appointment(authority: string): string; provider(authority: string): string };
  auth: {
    /** Ways of a client to prove itself when it acts for itself. */
    methods: readonly ClientMethod[];
    /** The same for apps that a user approved; `none` is a public app. */
    userMethods: readonly (ClientMethod | 'none')[];
    grants: readonly ('client_credentials' | 'authorization_code' | 'refresh_token')[];
    /** Who must bring a code challenge (S256; plain is never taken). */
    pkce: 'everybody' | 'public';
    /** Must a request for approval name the FHIR base in `aud`? */
    audience: 'required' | 'optional';
    /** Life of a code and of a refresh token in seconds. */
    codeSeconds: number;
    refreshSeconds: number;
    /** A refresh gives a new refresh token and ends the one before. */
    rotates: boolean;
    /** Is an app launched from within the EHR, with the patient at hand? */
    ehrLaunch: boolean;
    /** OAuth error for a launch that is unknown, used or over. */
    launchError: string;
    /** Introspection: in the discovery document, only there when called, or missing. */
    introspection: 'declared' | 'silent' | 'none';
    /** Scopes beside those on resources that apps get by default. */
    moreScopes?: readonly string[];
    /** What a browser is shown when it cannot be sent back. */
    authorizeError: string;
    /** Signature algorithms of clients with a fixed key, and those that a JWKS adds. */
    algorithms: readonly string[];
    jwksAlgorithms: readonly string[];
    /** Longest life of an assertion and longest time that fetched keys are kept, in seconds. */
    assertionSeconds: number;
    jwksSeconds: number;
    jtiLength: number;
    /** Granted is what the app is registered for, or the part of it that was asked for. */
    granted: 'registration' | 'requested';
    /** Lifetime of access tokens in seconds. */
    tokenSeconds: number;
    /** Is a token request without `scope`, or with none that is granted, refused (`invalid-scope`)? */
    scopeRequired?: boolean;
    /** Whether token errors say why. */
    explains: boolean;
    smartConfiguration: Readonly<Record<string, unknown>>;
  };
  /** Calls a second and tokens a minute, where it documents how many it takes: they hold where a site is told to keep to them. */
  quota?: { perSecond?: number; tokensPerMinute?: number };
  /** How `$export` goes, where a type's `operations` have it. */
  bulk: Bulk;
  search: {
    defaultCount: number;
    maxCount: number;
    prefixes: readonly DatePrefix[];
    /** Parameters that shape a result and are honoured, beside `_count` and `_format`; others count as unknown. */
    shaping: readonly string[];
    /** Values of `_summary`. */
    summaries: readonly string[];
    /** `Bundle.total`: every match, those of this page, or not said. */
    total: 'all' | 'page' | 'none';
    linkOrder: readonly ('self' | 'next')[];
    /** Each entry repeats its own address in `link`. */
    entryLinks: boolean;
    /** The parameter of a next link, how its key looks, how long it holds (seconds). */
    session: { parameter: string; key: (hex: string) => string; seconds: number };
    /** Nothing is kept between pages: the session's parameter is the id of the first resource of the page. */
    cursor?: boolean;
    /** An empty result says so in an outcome entry. */
    emptyNote: boolean;
    /**
     * Parts of a type, by a code of its category, on which apps are granted rights one by one: a search that applies to some
     * that the token does not cover leaves them out and says so.
     */
    subTypes?: Readonly<Record<string, Readonly<Record<string, string>>>>;
    /** What the query string of a POST _search counts for. */
    postQuery: 'merge' | 'ignore';
  };
  /** Are version and time of update on the wire? `updated` is the time alone, with the offset of the site's zone. */
  versions: 'shown' | 'updated' | 'hidden';
  /** Number of a resource's first version on the wire; 1 when absent. */
  firstVersion?: number;
  formats: {
    /** Media types that are answered in kind. */
    json: readonly string[];
    xml?: readonly string[];
    /** What the vendor answers when nothing, or anything, is accepted; XML also where nothing of what is accepted is known. */
    otherwise: 'json' | 'xml';
  };
  /** A create answers with the resource, or with nothing but where it is. */
  createBody: boolean;
  /** Is a POST with `_method=patch`, or X-HTTP-Method-Override, a PATCH? */
  methodOverride?: boolean;
  /** Does `Prefer: return=…` decide that? */
  prefer: boolean;
  location: 'absolute' | 'relative';
  /** Absent where browsers of other origins may not read replies, or nothing is known of it. */
  cors?: Cors;
  /** Sent with every FHIR reply. */
  headers: Readonly<Record<string, string>>;
  errors: Readonly<Record<ErrorName, ErrorRow>>;
  troubles: Readonly<Partial<Record<TroubleName, ErrorRow>>>;
  /** Where each oddity comes from. */
  sources: readonly string[];
  /** What the sources leave open, or what is simpler here than there, and how it was settled: for the fidelity page. */
  notes?: readonly string[];
  /** Other faces of the same site: APIs of the vendor's own, notifications. */
  companions?: readonly ((tools: CompanionTools) => Companion)[];
  hooks: {
    /** Resources that a site has from the first day, beside practitioners, locations and the group; they come first. */
    seed?(tenant: string): Resource[];
    /** Refuses a call that the token covers. */
    onCall?(request: Request, grant: Grant, site: Site): void;
    /** Headers of a reply that is no refusal. */
    onReply?(request: Request, operation: string, site: Site): Record<string, string>;
    /** The number that a new record of this id gets from the registration desk; the next of a series when absent. */
    numberOf?(id: string): string | undefined;
    /** An id of the vendor's form from 64 hex digits, or from a number that the site gives out once per type, from 1. */
    mintId(hex: string, type: string, serial: () => number, wanted?: Wanted): string;
    /** Tenant in the addresses of a site that states none, from 64 hex digits that are the site's own; by itself its name. */
    tenant?(hex: string): string;
    /** Numbers that a new patient gets beside the MRN. */
    moreNumbers?(mrn: Identifier): Identifier[];
    /** Rewrites, drops or refuses search parameters before they are looked at. */
    onSearch?(type: string, given: Given[], site: SiteFacts): Given[];
    /** Which of the resources that a search matches it really finds, where no index tells; undefined for all. */
    sift?(type: string, given: readonly Given[]): ((resource: Resource) => boolean) | undefined;
    /** Elements that the vendor works out itself where a client, rightly, leaves them out of what it sends. */
    infer?(resource: Resource): Resource;
    /** What the vendor files of a valid resource that a client sends, or a refusal. */
    onWrite?(resource: Resource, before: Stored | undefined, site: SiteFacts): Resource;
    /** Looks at a JSON Patch before it is applied: elements that may be patched, tests that it must hold. */
    onPatch?(
      type: string,
      operations: readonly PatchOperation[],
      before: Stored,
      site: SiteFacts,
    ): readonly PatchOperation[] | undefined;
    /** Resources that change with what a client wrote, in the same commit: the slot of an appointment. */
    alongside?(after: Resource, before: Stored | undefined, site: SiteFacts): Stored[];
    /** What every version is given, whoever writes it: ids of list elements by which a patch names them. */
    settle?(resource: Resource, id: string): Resource;
    /** Id of the record to which a read of this one is sent on. */
    survivorOf?(type: string, text: string): string | undefined;
    /** What a read shows of a stored text, where that is less than the whole. */
    onShow?(type: string, text: string): string;
    /** Query of a next link from that of the first page and the session's parameter; by itself it is that parameter alone. */
    nextQuery?(first: string, session: string): string;
    /** Adds to the head of a bundle (id, timestamp, …). */
    shapeBundle?(page: BundlePage, kernel: { hex(): string; now(): string; zone: string }): Record<string, unknown>;
    /** Body and headers of a refusal at the token endpoint, where they are not `error` and `error_description`. */
    tokenError?(row: ErrorRow, hex: string): { body: unknown; headers: Readonly<Record<string, string>> };
    /** One issue of an OperationOutcome. */
    shapeError(row: ErrorRow, detail: IssueDetail, request: Request): unknown;
    /** Headers of a read beside the standard ones. */
    onRead?(type: string, id: string, version: number): Record<string, string>;
  };
}

/** What an id is minted for. */
export interface Wanted {
  /** Tenant or practice of the site. */
  tenant: string;
  /** The record; absent where none is at hand. */
  resource?: Resource;
  /** Is there a record of that id already? */
  taken(id: string): boolean;
}

/** What another face of a site is made with. */
export interface CompanionTools {
  face: Face;
  site: Site;
  /** Mixed into the digests of tokens. */
  salt: string;
  registrar: Registrar;
  /** Seconds until a change shows in the vendor's change feeds. */
  feedSeconds?: number;
}

/** Another face of the same site. Its routes are added when it is made, before those of FHIR. */
export interface Companion {
  /** Paths at which its errors look its own way. */
  owns?(path: string): boolean;
  renderError?(error: string, params: Record<string, unknown>, request: Request): Reply;
  start?(): void;
  stop?(): void | Promise<void>;
  /** Adds to the control face. */
  control?(face: Face): void;
  /** Paths by name, and settings. */
  describe?(): { paths?: Record<string, string>; settings?: Record<string, string> };
}

/** A vendor from another one: tables are replaced cell by cell, the capability table as a whole. */
export function defineVendor(base: Vendor, own: VendorOverrides): Vendor {
  const merged = { ...base, ...own } as Vendor;
  for (const part of ['paths', 'systems', 'auth', 'search', 'formats', 'errors', 'hooks'] as const)
    Object.assign(merged, { [part]: { ...base[part], ...own[part] } });
  return Object.freeze(merged);
}

type Tables = 'paths' | 'systems' | 'auth' | 'search' | 'formats' | 'errors' | 'hooks';
export type VendorOverrides = Partial<Omit<Vendor, Tables>> & { id: string } & { [P in Tables]?: Partial<Vendor[P]> };
