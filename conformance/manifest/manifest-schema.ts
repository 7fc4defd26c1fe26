import type { Node } from 'yaml';
import { CAPABILITIES, type Capability } from './capabilities.ts';
import {
  type Attestations,
  type BackChannel,
  type Channels,
  type ClientManifest,
  type CrmManifest,
  type FileTemplate,
  type Hook,
  type HooksManifest,
  type ManifestBody,
  type Place,
  type PortsManifest,
  type Promises,
  type ReadChannel,
  type SiteManifest,
  type StartManifest,
  VENDORS,
} from './manifest-types.ts';
import { nearest } from './problem.ts';
import {
  choice,
  duration,
  either,
  flag,
  kind,
  list,
  mapped,
  number,
  object,
  optional,
  path,
  type Reading,
  record,
  type Schema,
  text,
} from './schema.ts';
import { splitCommand } from './template.ts';

const VARIABLE = { pattern: /^[A-Za-z_][A-Za-z0-9_]*$/, like: 'the NAME of an environment variable (never the secret itself)' };
const ADDRESS = { pattern: /^(\[[0-9a-fA-F:.]+\]|[^\s:/]+):\d{1,5}$/, like: 'an address such as 127.0.0.1:2575' };
const URL_TEXT = { pattern: /^https?:\/\/\S+$/, like: 'a URL such as http://127.0.0.1:4090/crm' };
const SITE_NAME = /^[a-z][a-z0-9_]*$/;
const interval = (standard: string) =>
  object<{ interval: number }>('this channel', 'options', {
    interval: duration('how often the subject asks', { default: standard, min: 1 }),
  });

const words = either<string[]>('program and arguments', 'a list such as ["node", "sync.js"], or one line', (shape) =>
  shape === 'list'
    ? list('program and arguments', text('a word', { empty: true }), { min: 1 })
    : shape === 'scalar'
      ? mapped(
          text('program and arguments'),
          (line) =>
            splitCommand(line) ?? {
              message: 'a quotation mark is not closed',
              fix: 'close the quotation mark, or write a list such as ["sh", "-c", "…"]',
            },
        )
      : undefined,
);

const isUrl = (value: string) => /^https?:\/\//.test(value);

const hook = (doc: string): Schema<Hook | undefined> =>
  optional(
    either<Hook>(doc, 'a URL or a command', (shape) =>
      shape === 'map'
        ? undefined
        : mapped(words, (command): Hook => (command.length === 1 && isUrl(command[0]!) ? { url: command[0]! } : { command })),
    ),
  );

/** A path stays as written when it is a URL, or begins with a setting. */
function place(doc: string): Schema<Place | undefined> {
  const file = path(doc);
  const plain = text(doc);
  const read = (node: Node, reading: Reading): Place | undefined => {
    const value = plain.read(node, reading);
    if (value === undefined) return undefined;
    if (isUrl(value)) return { url: value };
    // A setting, such as that of the run's folder, says by itself where it is.
    return { path: value.startsWith('${') ? value : file.read(node, reading)! };
  };
  return { doc, expects: 'a URL or a path', required: false, read };
}

const timeZone: Schema<string> = mapped(
  text('time zone of the clinic', { like: 'a time zone such as America/New_York' }),
  (zone) => {
    try {
      return new Intl.DateTimeFormat('en', { timeZone: zone }) && zone;
    } catch {
      return { message: `"${zone}" is not a time zone`, fix: zoneFix(zone) };
    }
  },
);

function zoneFix(zone: string): string {
  const zones = Intl.supportedValuesOf('timeZone');
  const close = zones.find((name) => name.toLowerCase().endsWith(`/${zone.toLowerCase()}`)) ?? nearest(zone, zones);
  return close ? `did you mean ${close}?` : 'use a name of the IANA time zone database, such as America/New_York';
}

const site = object<SiteManifest>('a site', 'one EHR: a vendor, a tenant, an assigning authority, a time zone', {
  name: text('short name; part of the names of the settings', {
    pattern: SITE_NAME,
    like: 'a name of lower-case letters, digits and _',
  }),
  vendor: choice('which EHR it is', VENDORS),
  tenant: optional(text('tenant id, where the vendor has one (cerner)')),
  practice: optional(text('practice id, where the vendor has one (athena)')),
  authority: text('who assigns the MRNs', {
    pattern: /^(\d+(\.\d+)+|[a-z][a-z0-9+.-]*:\S+)$/i,
    like: 'an OID such as 1.2.840.114350.1.13.999, or a URL',
  }),
  time_zone: timeZone,
  capability: optional(path('capability table that replaces the built-in one')),
  tls: flag('serve this site over TLS', { default: true }),
  channels: object<Channels>('channels', 'how data moves between this site and the subject', {
    read: list(
      'how the subject learns of changes',
      kind<ReadChannel>('a read channel', {
        hl7: undefined,
        poll: interval('60s'),
        subscription: undefined,
        changed: interval('5m'),
        bulk: interval('24h'),
      }),
      { min: 1 },
    ),
    discover: list(
      'how the subject learns of new patients',
      choice('a way to discover patients', ['hl7', 'schedule', 'group', 'panel', 'changed']),
      { min: 1 },
    ),
    write_back: choice('how the subject writes to this EHR', ['fhir', 'v1', 'hl7', 'none'], { default: 'none' }),
  }),
});

const client = object<ClientManifest>('a client', 'credentials that the subject already has', {
  id: optional(text('client id')),
  secret_env: optional(text('environment variable that holds the client secret', VARIABLE)),
  public_key: optional(path('public key, PEM (sites)')),
  jwks_url: optional(text('where the subject publishes its keys (sites)', URL_TEXT)),
  key_id: optional(text('kid of the key (sites)')),
  scopes: optional(list('scopes that the client may have', text('a scope'))),
  username: optional(text('user name (crm)')),
  password_env: optional(text('environment variable that holds the password (crm)', VARIABLE)),
  security_token_env: optional(text('environment variable that holds the security token (crm)', VARIABLE)),
  org_id: optional(
    text('organisation id, 18 letters (crm)', {
      pattern: /^00D[A-Za-z0-9]{12}([A-Za-z0-9]{3})?$/,
      like: 'an organisation id such as 00D000000000001EAA',
    }),
  ),
});

const start = object<StartManifest>('start', 'how the subject is started', {
  command: optional(words),
  compose: optional(text('service of the compose file')),
  attach: optional(flag('the subject is already running')),
  env: record('environment of the subject, beside its settings', text('a value', { empty: true }), {
    key: VARIABLE.pattern,
    keyLike: 'the name of an environment variable',
  }),
  files: list(
    'files that are filled in before it starts',
    object<FileTemplate>('a file', 'a template', {
      template: path('file in which each setting, as $NAME in braces, is replaced'),
      to: text('where to write it; relative to the private folder of the run'),
    }),
    { default: [] },
  ),
  cwd: path('working folder; that of the manifest when absent', { optional: true }),
  instances: number('how many run side by side', { min: 1, max: 16, default: 1 }),
  stop_signal: choice('what asks it to stop', ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'], { default: 'SIGTERM' }),
  grace: duration('how long it may take to stop', { default: '10s' }),
  restart: flag('checks may restart it', { default: true }),
});

const code = (doc: string, standard: 'AE' | 'AR') => choice(doc, ['AE', 'AR'], { default: standard });

/** Each promise with its default: what is not promised is still judged by these. */
const promises = object<Promises>('promises', 'what you claim; each is held against the subject', {
  sync_window: duration('time from a change to its effect on the other side', { default: '5m', min: 1 }),
  reconcile_window: duration('time in which drift is found and repaired', { default: '24h', min: 1 }),
  batch_interval: duration('how long writes may be collected; 0s when they are not', { default: '0s' }),
  inbound_queue: number('messages it holds before it stops acknowledging', { min: 1, default: 1000 }),
  tps: number('changes a second that it keeps up with', { min: 0.01, whole: false, default: 5 }),
  http_timeout: duration('when it gives up on a call', { default: '30s', min: 1 }),
  ack_wait: duration('how long the hospital waits for its acknowledgement', { default: '30s', min: 1 }),
  retry: object<Promises['retry']>('retry', 'how it retries', {
    first_wait: duration('before the first retry', { default: '1s' }),
    max_wait: duration('between later ones', { default: '60s' }),
    give_up_after: duration('after which it shows the item as failed', { default: '24h' }),
  }),
  // The split is that of HL7 v2.5.1 chapter 2.9.2.2: AR for what MSH alone shows to be unacceptable, AE for the content.
  negative_acks: object<Promises['negative_acks']>('negative_acks', 'AE or AR by class of mistake', {
    missing_segment: code('a required segment is missing', 'AE'),
    bad_value: code('a field does not hold what it must', 'AE'),
    unknown_event: code('an event that it does not take', 'AR'),
    processing_id: code('a processing id that it does not take', 'AR'),
    unparseable: code('not HL7 at all', 'AR'),
  }),
  order: choice('within what the order of changes is kept', ['none', 'patient', 'channel'], { default: 'none' }),
  followup_hours: number('hours from a finished visit to its follow-up', { min: 0.01, whole: false, default: 24 }),
  summaries_per_day: number('clinical summaries written a day and patient', { min: 1, default: 10 }),
  audited_reads: choice('whose records its audit trail names when it reads them', ['ehr', 'both'], { default: 'ehr' }),
  catch_up_factor: number('time to catch up after an outage, as a multiple of the outage', {
    min: 0.01,
    whole: false,
    default: 1,
  }),
});

const capability = either<true | { no: string }>(
  'whether the subject does this',
  'yes, or {no: the reason}',
  (shape) =>
    shape === 'map'
      ? object<{ no: string }>('a capability', 'why not', { no: text('the reason') })
      : shape === 'scalar'
        ? mapped(
            flag('yes'),
            (yes) =>
              yes || { message: 'a capability is declined without a reason', fix: 'say why: {no: "our clinics do not …"}' },
          )
        : undefined,
  { default: true },
) as Schema<true | { no: string }>;

const portNumber = number('a port', { min: 1, max: 65_535 });

/** The whole manifest: the one place that says which settings exist, what they take and what they default to. */
export const MANIFEST: Schema<ManifestBody> = object<ManifestBody>('the manifest', 'a subject manifest', {
  subject: object<ManifestBody['subject']>('subject', 'what is tested', {
    name: text('name of the sync'),
    version: text('version of the sync', { default: 'unknown' }),
    contact: optional(text('whom to ask')),
    digest: optional(
      text('digest of the image or build', { pattern: /^\w+:[0-9a-f]+$/, like: 'a digest such as sha256:9f86d0…' }),
    ),
  }),
  start,
  listens: object<ManifestBody['listens']>('listens', 'where the subject listens if it is not told to', {
    mllp: record('HL7 listener of each site', text('an address', ADDRESS)),
    webhook: optional(text('where it takes notifications', URL_TEXT)),
  }),
  sites: list('the EHRs that it reads', site, { min: 1 }),
  crm: object<CrmManifest>('crm', 'the CRM', {
    tls: flag('serve the CRM over TLS', { default: true }),
    back: kind<BackChannel>(
      'how the subject learns of edits in the CRM',
      { poll: interval('60s'), cdc: undefined, outbound: undefined, none: undefined },
      { default: { kind: 'none' } },
    ),
    person_accounts: flag('accounts may be persons: FirstName, LastName, Person… and …__pc on Account', { default: false }),
    schema: optional(path('the org in place of the built-in one: definitions, describe output, or an sfdx project')),
    stubs: optional(path('module with the Apex REST methods and after-save changes of the org')),
  }),
  clients: record('credentials that the subject already has', client),
  promises,
  capabilities: object<ManifestBody['capabilities']>(
    'capabilities',
    'what the subject does; each "no" with its reason',
    Object.fromEntries(Object.entries(CAPABILITIES).map(([name, doc]) => [name, { ...capability, doc }])) as Record<
      Capability,
      typeof capability
    >,
  ),
  map: path('folder of the data map'),
  ports: object<PortsManifest>('ports', 'fixed ports, for attach and compose', {
    control: optional(portNumber),
    crm: optional(portNumber),
    webhook: optional(portNumber),
    sites: record('HTTP port of each site', portNumber),
    mllp: record("port of the subject's HL7 listener for each site", portNumber),
  }),
  hooks: object<HooksManifest>('hooks', 'optional helpers; each unlocks checks or speed', {
    ready: hook('succeeds once the subject is ready'),
    poll_now: hook('makes it poll at once'),
    reconcile_now: hook('makes it reconcile at once'),
    pending: hook('answers {"count": n}: items in work'),
    failed: hook('answers {"count": n}: items given up'),
    logs: place('where else it logs'),
    audit: place('where its audit trail is'),
  }),
  attests: object<Attestations>('attests', 'what no run can witness; printed as attested, never as passed', {
    encryption_at_rest: optional(text('how what it keeps on disk is encrypted, and who says so')),
    business_associate_agreement: optional(text('with whom the agreement about patient data was signed, and when')),
  }),
});
