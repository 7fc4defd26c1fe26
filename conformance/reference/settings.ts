import { readFileSync } from 'node:fs';

/** Where to listen or connect. */
export type Address = { host: string; port: number };

/** How an API tells of changes: it is asked over and over, exports its charts, feeds what changed, or notifies us. */
export type FhirChannel = 'poll' | 'bulk' | 'changed' | 'subscription';

/** Where notifications come in, and what they are signed with. */
export type WebhookSettings = { bind: Address; secret: string };

export type FhirSettings = {
  url: string;
  tokenUrl: string;
  clientId: string;
  privateKey?: string;
  keyId?: string;
  clientSecret?: string;
  scopes?: string;
  /** Oracle Health lets `replace` set what is not there yet, and knows no `add` of it. */
  replacesOnly?: boolean;
  /** How the FHIR face is read; polled where nothing is said. */
  reads?: FhirChannel[];
  groupId?: string;
  /** athenahealth: one base URL serves all practices, so each call says which; visits are listed by the v1 API beside it. */
  athena?: { practice: string; v1Url?: string; departments: string[] };
};

export type MllpSettings = { bind: Address; sender?: string; processingId?: string; charset?: string };

/** One hospital: its identifiers' authority, its clock on the wall, and the channels that are open to us. */
export type Site = {
  name: string;
  authority: string;
  timeZone: string;
  /** The feed that we listen to. */
  mllp?: MllpSettings;
  /** The API that we poll. */
  fhir?: FhirSettings;
  /** The hospital's own listener, for changes that the CRM owns. */
  sendTo?: Address;
  /** Those go into the chart by its API, and not by messages. */
  patches?: boolean;
};

export type CrmSettings = {
  loginUrl: string;
  instanceUrl?: string;
  clientId: string;
  clientSecret: string;
  username?: string;
  password?: string;
  apiVersion: string;
  /** Writes wait so many milliseconds for others, and go out together; each by itself where nothing is said. */
  gatherMs?: number;
};

export type Settings = {
  sites: Site[];
  crm: CrmSettings;
  webhook?: WebhookSettings;
  caFile?: string;
  dataFolder: string;
  /** Where the audit trail is kept; none where nothing is said. */
  auditFolder?: string;
  /** What the store outlives without loss; a power cut costs a wait for the disk at each change. */
  survives: 'kill' | 'power-cut';
  pollMs: number;
  crmPollMs: number;
  /** How long after an export the next is asked for. */
  exportMs: number;
  httpTimeoutMs: number;
  /** Which of several instances this is. */
  instance: string;
};

type Flat = Record<string, string | undefined>;

/**
 * Reads the settings from the environment and from the flat JSON file that `SYNCPROOF_CONFIG` names; the environment
 * wins. Throws with the name of the setting that is missing or malformed.
 */
export function readSettings(env: Flat): Settings {
  const file: Flat = env.SYNCPROOF_CONFIG ? JSON.parse(readFileSync(env.SYNCPROOF_CONFIG, 'utf8')) : {};
  const flat: Flat = { ...file, ...env };
  return {
    sites: words(need(flat, 'SYNCPROOF_SITES')).map((name) => readSite(flat, name)),
    crm: {
      loginUrl: need(flat, 'SYNCPROOF_CRM_LOGIN_URL'),
      instanceUrl: flat.SYNCPROOF_CRM_INSTANCE_URL,
      clientId: need(flat, 'SYNCPROOF_CRM_CLIENT_ID'),
      clientSecret: need(flat, 'SYNCPROOF_CRM_CLIENT_SECRET'),
      username: flat.SYNCPROOF_CRM_USERNAME,
      // Salesforce wants the security token appended to the password wherever the caller's network is not trusted.
      password: flat.SYNCPROOF_CRM_PASSWORD && flat.SYNCPROOF_CRM_PASSWORD + (flat.SYNCPROOF_CRM_SECURITY_TOKEN ?? ''),
      apiVersion: flat.SYNCPROOF_CRM_API_VERSION ?? '60.0',
      gatherMs: flat.SYNC_CRM_GATHER_MS ? Number(flat.SYNC_CRM_GATHER_MS) : undefined,
    },
    webhook: flat.SYNCPROOF_WEBHOOK_BIND
      ? { bind: address(flat.SYNCPROOF_WEBHOOK_BIND), secret: need(flat, 'SYNCPROOF_WEBHOOK_SECRET') }
      : undefined,
    caFile: flat.SYNCPROOF_CA_FILE,
    dataFolder: flat.SYNC_DATA ?? './data',
    auditFolder: flat.SYNC_AUDIT,
    survives: flat.SYNC_SURVIVES === 'kill' ? 'kill' : 'power-cut',
    pollMs: Number(flat.SYNC_POLL_MS ?? 1000),
    crmPollMs: Number(flat.SYNC_CRM_POLL_MS ?? 1000),
    exportMs: Number(flat.SYNC_EXPORT_MS ?? flat.SYNC_POLL_MS ?? 1000),
    httpTimeoutMs: Number(flat.SYNC_HTTP_TIMEOUT_MS ?? 10_000),
    instance: flat.SYNCPROOF_INSTANCE ?? '0',
  };
}

function readSite(flat: Flat, name: string): Site {
  const upper = name.toUpperCase();
  const at = (key: string) => flat[`SYNCPROOF_${upper}_${key}`];
  const wanted = flat[`SYNC_${upper}_CHANNELS`] ?? flat.SYNC_CHANNELS;
  const open = (channel: string) => !wanted || words(wanted).includes(channel);
  const mllpBind = open('hl7') ? at('MLLP_BIND') : undefined;
  // Everything but polls only where it is asked for by name.
  const more = (['bulk', 'changed', 'subscription'] as const).filter((channel) => wanted !== undefined && open(channel));
  const reads: FhirChannel[] = [...(open('poll') ? (['poll'] as const) : []), ...more];
  const patches = (flat[`SYNC_${upper}_WRITE_BACK`] ?? flat.SYNC_WRITE_BACK) === 'fhir';
  const fhirUrl = reads.length > 0 || patches ? at('FHIR_URL') : undefined;
  const sendTo = at('MLLP_SEND_TO');
  const keyFile = at('PRIVATE_KEY_FILE');
  return {
    name,
    authority: need(flat, `SYNCPROOF_${upper}_AUTHORITY`),
    timeZone: need(flat, `SYNCPROOF_${upper}_TIME_ZONE`),
    mllp: mllpBind
      ? {
          bind: address(mllpBind),
          sender: at('MLLP_SENDER'),
          processingId: at('MLLP_PROCESSING_ID'),
          charset: at('MLLP_CHARSET'),
        }
      : undefined,
    fhir: fhirUrl
      ? {
          url: fhirUrl,
          tokenUrl: need(flat, `SYNCPROOF_${upper}_TOKEN_URL`),
          clientId: need(flat, `SYNCPROOF_${upper}_CLIENT_ID`),
          privateKey: keyFile && readFileSync(keyFile, 'utf8'),
          keyId: at('KEY_ID'),
          clientSecret: at('CLIENT_SECRET'),
          scopes: at('SCOPES'),
          groupId: at('GROUP_ID'),
          replacesOnly: at('VENDOR') === 'cerner',
          reads,
          athena:
            at('VENDOR') === 'athena'
              ? {
                  practice: need(flat, `SYNCPROOF_${upper}_TENANT`),
                  v1Url: at('V1_URL'),
                  departments: words(at('DEPARTMENTS') ?? ''),
                }
              : undefined,
        }
      : undefined,
    sendTo: sendTo && !patches ? address(sendTo) : undefined,
    patches: patches && fhirUrl !== undefined,
  };
}

const words = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

function need(flat: Flat, name: string): string {
  const value = flat[name];
  if (!value) throw new Error(`The setting ${name} is missing.`);
  return value;
}

function address(text: string): Address {
  const colon = text.lastIndexOf(':');
  const port = Number(text.slice(colon + 1));
  if (colon < 1 || !Number.isInteger(port)) throw new Error(`"${text}" is not of the form host:port.`);
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port };
}
