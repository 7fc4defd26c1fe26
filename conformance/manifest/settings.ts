import type { PartDescription } from '#simulators';
import { SubjectError } from '../subject/subject-error.ts';
import { type ClientManifest, type Manifest, needsWebhook, readsHl7, type SiteManifest } from './manifest.ts';

/** Where one instance of the subject has to listen, each as `host:port`. */
export interface Binds {
  /** By site. */
  mllp: Record<string, string>;
  webhook?: string;
}

export interface SettingsOptions {
  manifest: Manifest;
  /** What the running parts say of themselves: each site, its `<site>-hl7`, the `crm`. */
  parts: readonly PartDescription[];
  binds: Binds;
  /** PEM of the sandbox's CA. */
  caFile: string;
  /** Counts from 0. */
  instance?: number;
  /** Base URL by part name, where the subject reaches the part under another name than the parts know of. */
  publicUrls?: Record<string, string>;
  /** Where secrets that the manifest names are found. */
  environment?: Record<string, string | undefined>;
}

/** Spoken when the CRM does not say another. */
const API_VERSION = '60.0';

/**
 * The settings that a subject is given, by their frozen names (docs/settings.md): flat, strings only, what does not apply
 * is absent. The same go into its environment and into the file that `SYNCPROOF_CONFIG` names.
 * @throws when a part or an address that the manifest asks for is not there.
 */
export function renderSettings(options: SettingsOptions): Record<string, string> {
  const { manifest, binds, caFile, instance = 0 } = options;
  const settings: Record<string, string | undefined> = { SYNCPROOF_SITES: manifest.sites.map(({ name }) => name).join(',') };
  for (const site of manifest.sites) add(settings, `SYNCPROOF_${site.name.toUpperCase()}_`, siteSettings(site, options));
  add(settings, 'SYNCPROOF_CRM_', crmSettings(options));
  const crm = part(options, 'crm');
  if (needsWebhook(manifest))
    add(settings, 'SYNCPROOF_', { WEBHOOK_BIND: binds.webhook, WEBHOOK_SECRET: crm.credentials.webhookSecret });
  add(settings, 'SYNCPROOF_', { CA_FILE: caFile, INSTANCE: String(instance) });
  return Object.fromEntries(Object.entries(settings).filter((entry): entry is [string, string] => Boolean(entry[1])));
}

function add(settings: Record<string, string | undefined>, prefix: string, more: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(more)) settings[prefix + name] = value;
}

function siteSettings(site: SiteManifest, options: SettingsOptions): Record<string, string | undefined> {
  const ehr = part(options, site.name);
  const client = options.manifest.clients[site.name] ?? {};
  const fixed = ehr.credentials;
  // A key that the subject brought with it stays with it: we hold only its public half.
  const ownKey = client.public_key || client.jwks_url;
  const secret = secretOf(client.secret_env, options) ?? (ownKey ? undefined : fixed.clientSecret);
  const key = secret || ownKey ? undefined : fixed.privateKeyFile;
  return {
    VENDOR: site.vendor,
    FHIR_URL: address(options, ehr, 'fhir', site.tls),
    TOKEN_URL: address(options, ehr, 'token', site.tls),
    CLIENT_ID: client.id ?? fixed.clientId,
    PRIVATE_KEY_FILE: key,
    KEY_ID: key ? fixed.keyId : client.key_id,
    CLIENT_SECRET: key ? undefined : secret,
    SCOPES: client.scopes?.join(' ') ?? fixed.scopes,
    TENANT: site.tenant ?? site.practice ?? fixed.tenant,
    AUTHORITY: site.authority,
    TIME_ZONE: site.time_zone,
    GROUP_ID: fixed.groupId,
    LOCATIONS: fixed.locations,
    V1_URL: ehr.addresses.v1 && address(options, ehr, 'v1', site.tls),
    DEPARTMENTS: fixed.departments,
    ...mllpSettings(site, options),
  };
}

function mllpSettings(site: SiteManifest, options: SettingsOptions): Record<string, string | undefined> {
  const sends = readsHl7(site);
  const takes = site.channels.write_back === 'hl7';
  if (!sends && !takes) return {};
  const link = part(options, `${site.name}-hl7`);
  return {
    MLLP_BIND: sends ? options.binds.mllp[site.name] : undefined,
    MLLP_SEND_TO: takes ? (options.publicUrls?.[link.name] ?? link.addresses.mllpIn)?.replace(/^\w+:\/\//, '') : undefined,
    MLLP_SENDER: link.credentials.sender,
    MLLP_PROCESSING_ID: link.credentials.processingId ?? 'P',
    MLLP_CHARSET: link.credentials.charset ?? 'UNICODE UTF-8',
  };
}

function crmSettings(options: SettingsOptions): Record<string, string | undefined> {
  const { crm, clients } = options.manifest;
  const client: ClientManifest = clients.crm ?? {};
  const described = part(options, 'crm');
  const fixed = described.credentials;
  return {
    LOGIN_URL: address(options, described, 'login', crm.tls),
    INSTANCE_URL: address(options, described, 'instance', crm.tls),
    CLIENT_ID: client.id ?? fixed.clientId,
    CLIENT_SECRET: secretOf(client.secret_env, options) ?? fixed.clientSecret,
    USERNAME: client.username ?? fixed.username,
    PASSWORD: secretOf(client.password_env, options) ?? fixed.password,
    SECURITY_TOKEN: secretOf(client.security_token_env, options) ?? fixed.securityToken,
    ORG_ID: client.org_id ?? fixed.orgId,
    API_VERSION: fixed.apiVersion ?? API_VERSION,
  };
}

function part({ parts }: SettingsOptions, name: string): PartDescription {
  const found = parts.find((one) => one.name === name);
  if (!found) {
    const there = parts.map((one) => one.name).join(', ');
    const message = `the sandbox has no part "${name}", which the manifest asks for; it has: ${there}`;
    throw new SubjectError('starting', message, `start it too: syncproof up ${name}, or correct the manifest`);
  }
  return found;
}

/** The address over TLS or not, under its public name, without a trailing slash. */
function address({ publicUrls }: SettingsOptions, { name, addresses }: PartDescription, which: string, tls: boolean): string {
  const url = addresses[tls ? `${which}Tls` : which];
  if (!url)
    throw new SubjectError(
      'starting',
      `the part "${name}" has no ${which} address ${tls ? 'over TLS' : 'without TLS'}`,
      `turn tls ${tls ? 'off' : 'on'} for it in the manifest`,
    );
  const base = publicUrls?.[name];
  const own = new URL(url);
  return `${base ? `${base.replace(/\/+$/, '')}${own.pathname}${own.search}` : url}`.replace(/\/+$/, '');
}

function secretOf(name: string | undefined, { environment }: SettingsOptions): string | undefined {
  if (!name) return undefined;
  const value = environment?.[name];
  if (!value)
    throw new SubjectError(
      'starting',
      `the manifest names the environment variable ${name}, which is not set`,
      `export ${name}=<the secret> before this command`,
    );
  return value;
}

const SITE_NAMES = [
  ...[
    'VENDOR',
    'FHIR_URL',
    'TOKEN_URL',
    'CLIENT_ID',
    'PRIVATE_KEY_FILE',
    'KEY_ID',
    'CLIENT_SECRET',
    'SCOPES',
    'TENANT',
    'AUTHORITY',
  ],
  ...['TIME_ZONE', 'GROUP_ID', 'LOCATIONS', 'V1_URL', 'DEPARTMENTS'],
  ...['MLLP_BIND', 'MLLP_SEND_TO', 'MLLP_SENDER', 'MLLP_PROCESSING_ID', 'MLLP_CHARSET'],
];
const CRM_NAMES = [
  ...['LOGIN_URL', 'INSTANCE_URL', 'ORG_ID', 'API_VERSION'],
  ...['CLIENT_ID', 'CLIENT_SECRET', 'USERNAME', 'PASSWORD', 'SECURITY_TOKEN'],
];

/** Every name that a subject of this manifest may be given: what a template can refer to. */
export const settingNames = ({ sites }: Pick<Manifest, 'sites'>): string[] => [
  'SYNCPROOF_SITES',
  ...sites.flatMap(({ name }) => SITE_NAMES.map((suffix) => `SYNCPROOF_${name.toUpperCase()}_${suffix}`)),
  ...CRM_NAMES.map((suffix) => `SYNCPROOF_CRM_${suffix}`),
  ...['WEBHOOK_BIND', 'WEBHOOK_SECRET', 'CA_FILE', 'INSTANCE', 'CONFIG'].map((suffix) => `SYNCPROOF_${suffix}`),
];

const SECRET_NAME = /_(CLIENT_SECRET|PASSWORD|SECURITY_TOKEN|WEBHOOK_SECRET)$/;

/** The settings whose values must not be shown: name and value. */
export const secretSettings = (settings: Record<string, string>): [name: string, value: string][] =>
  Object.entries(settings).filter(([name]) => SECRET_NAME.test(name));
