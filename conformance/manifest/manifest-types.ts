import type { Capability } from './capabilities.ts';

export const VENDORS = ['epic', 'cerner', 'athena', 'r4'] as const;
export type Vendor = (typeof VENDORS)[number];

/** How changes of a site reach the subject. `interval` is the subject's own period, in milliseconds. */
export type ReadChannel = { kind: 'hl7' | 'subscription' } | { kind: 'poll' | 'changed' | 'bulk'; interval: number };

/** How patients that the subject has never seen become known to it. */
export type DiscoverChannel = 'hl7' | 'schedule' | 'group' | 'panel' | 'changed';

/** How edits in the CRM reach the subject. */
export type BackChannel = { kind: 'cdc' | 'outbound' | 'none' } | { kind: 'poll'; interval: number };

export interface Channels {
  read: ReadChannel[];
  discover: DiscoverChannel[];
  /** By which route the subject writes to the EHR. */
  write_back: 'fhir' | 'v1' | 'hl7' | 'none';
}

export interface SiteManifest {
  /** Lower case; its upper case is part of the names of the settings. */
  name: string;
  vendor: Vendor;
  tenant?: string;
  practice?: string;
  /** Who assigns the MRNs: an OID or a URL. */
  authority: string;
  /** IANA name. */
  time_zone: string;
  /** Absolute path of a capability table that replaces the vendor's own. */
  capability?: string;
  tls: boolean;
  channels: Channels;
}

export interface CrmManifest {
  tls: boolean;
  back: BackChannel;
  /** Absolute path of a module with the org's own code. */
  stubs?: string;
  /** Accounts may be persons. */
  person_accounts: boolean;
  /** Absolute path of a folder of object definitions that replaces ours. */
  schema?: string;
}

/** Credentials that the subject already has and the sandbox is to accept. Secrets are named, never written. */
export interface ClientManifest {
  id?: string;
  secret_env?: string;
  /** Absolute path of a PEM file (sites only). */
  public_key?: string;
  /** Where the subject publishes its keys (sites only). */
  jwks_url?: string;
  /** `kid` of the key (sites only). */
  key_id?: string;
  scopes?: string[];
  /** CRM only, as are the next three. */
  username?: string;
  password_env?: string;
  security_token_env?: string;
  org_id?: string;
}

/** A template that is filled in and written before the subject starts. */
export interface FileTemplate {
  /** Absolute path. */
  template: string;
  /** Where to: relative to the run's private folder `${RUN_FILES}`. May hold `${NAME}`. */
  to: string;
}

export interface StartManifest {
  /** Program and arguments, started without a shell. */
  command?: string[];
  /** Name of a service of the compose file. */
  compose?: string;
  /** The subject is started and stopped by its owner. */
  attach?: boolean;
  /** Values may hold `${NAME}` of any setting. */
  env: Record<string, string>;
  files: FileTemplate[];
  /** Absolute path. */
  cwd: string;
  instances: number;
  stop_signal: 'SIGTERM' | 'SIGINT' | 'SIGHUP' | 'SIGQUIT';
  /** Milliseconds between the signal and the kill. */
  grace: number;
  /** Whether checks may stop, kill and start it again. */
  restart: boolean;
}

export interface PortsManifest {
  control?: number;
  crm?: number;
  webhook?: number;
  /** HTTP port of each site; TLS is at +1, HL7 in at +2. */
  sites: Record<string, number>;
  /** Where the subject listens for each site's HL7. */
  mllp: Record<string, number>;
}

/** What the subject's owner claims; durations in milliseconds. Each is held against it. */
export interface Promises {
  sync_window: number;
  reconcile_window: number;
  batch_interval: number;
  inbound_queue: number;
  tps: number;
  http_timeout: number;
  ack_wait: number;
  retry: { first_wait: number; max_wait: number; give_up_after: number };
  negative_acks: Record<'missing_segment' | 'bad_value' | 'unknown_event' | 'processing_id' | 'unparseable', 'AE' | 'AR'>;
  order: 'none' | 'patient' | 'channel';
  followup_hours: number;
  summaries_per_day: number;
  /** Of the EHR, or of both systems. */
  audited_reads: 'ehr' | 'both';
  catch_up_factor: number;
}

/** A URL, or a program with arguments; both may hold `${NAME}` of any setting. */
export type Hook = { url: string } | { command: string[] };
/** A URL, or a file or folder (absolute); both may hold `${NAME}` of any setting. */
export type Place = { url: string } | { path: string };

export interface HooksManifest {
  ready?: Hook;
  poll_now?: Hook;
  reconcile_now?: Hook;
  pending?: Hook;
  failed?: Hook;
  logs?: Place;
  audit?: Place;
}

/** The subject manifest as written: names are those of the file, paths are absolute, durations are milliseconds. */
export interface ManifestBody {
  subject: { name: string; version: string; contact?: string; digest?: string };
  start: StartManifest;
  listens: { mllp: Record<string, string>; webhook?: string };
  sites: SiteManifest[];
  crm: CrmManifest;
  clients: Record<string, ClientManifest>;
  promises: Promises;
  /** True, or the reason why not. All are there. */
  capabilities: Record<Capability, true | { no: string }>;
  /** Absolute path of the folder. */
  map: string;
  ports: PortsManifest;
  hooks: HooksManifest;
  /** What cannot be witnessed from outside, in the words of whoever answers for it. */
  attests: Attestations;
}

/** Each a sentence; absent where nobody attests it. */
export interface Attestations {
  encryption_at_rest?: string;
  business_associate_agreement?: string;
}
