import type { Capability } from './capabilities.ts';
import { formatDuration } from './duration.ts';
import type { ClientManifest, ManifestBody, SiteManifest } from './manifest-types.ts';
import { nearest } from './problem.ts';
import type { Reading } from './schema.ts';

/** Words that stand elsewhere in the names of settings, so that a site called so could not be told from them. */
const RESERVED = ['crm', 'webhook', 'config', 'ca', 'sites', 'instance'];

/** Routes that only athenahealth has: its own REST API, the change feeds of that, and subscriptions to events. */
const ATHENA_ONLY = ['v1', 'changed', 'subscription'];

/** What a way to discover patients needs among the ways to read. A name or a schedule can be searched by any FHIR channel. */
const DISCOVER_NEEDS: Record<string, string[]> = {
  hl7: ['hl7'],
  changed: ['changed', 'subscription'],
  schedule: ['poll', 'subscription', 'bulk'],
  group: ['poll', 'bulk'],
  panel: ['poll', 'changed', 'bulk'],
};

const SITE_KEYS = ['public_key', 'jwks_url', 'key_id', 'scopes'] as const satisfies (keyof ClientManifest)[];
const CRM_KEYS = ['username', 'password_env', 'security_token_env', 'org_id'] as const satisfies (keyof ClientManifest)[];

/** Capabilities without which nothing about a sync can be said. */
const NEEDED: Capability[] = ['identity', 'demographics', 'appointments'];

/** What no single setting can tell: rules between settings. */
export function manifestRules(manifest: ManifestBody, reading: Reading): void {
  startRules(manifest, reading);
  const names = manifest.sites.map(({ name }) => name);
  manifest.sites.forEach((site, index) => {
    siteRules(site, index, manifest, reading);
  });
  const sited: (readonly [string[], Record<string, unknown>, string[]])[] = [
    [['clients'], manifest.clients, [...names, 'crm']],
    [['listens', 'mllp'], manifest.listens.mllp, names],
    [['ports', 'sites'], manifest.ports.sites, names],
    [['ports', 'mllp'], manifest.ports.mllp, names],
  ];
  for (const [path, value, valid] of sited)
    for (const name of Object.keys(value).filter((name) => !valid.includes(name)))
      reading.problem(
        reading.at(...path, name),
        `${path.join('.')} names "${name}", which is no site`,
        `use ${nearest(name, valid) ?? valid.join(' or ')}`,
      );
  clientRules(manifest, reading);
  for (const name of NEEDED.filter((name) => manifest.capabilities[name] !== true))
    reading.problem(
      reading.at('capabilities', name),
      `without "${name}" no level can be reached`,
      'leave it out unless the sync really lacks it',
      'warning',
    );
}

function startRules({ start }: ManifestBody, reading: Reading): void {
  const given = [start.command && 'command', start.compose && 'compose', start.attach && 'attach'].filter(Boolean);
  const at = reading.at('start');
  if (given.length === 0 && !reading.mistaken(at))
    reading.problem(at, 'start does not say how', 'add one of command, compose, attach');
  if (given.length > 1) reading.problem(at, `start has both ${given.join(' and ')}`, 'keep one of them');
  const unused = start.attach ? (['env', 'files'] as const).filter((name) => Object.keys(start[name]).length > 0) : [];
  for (const name of unused)
    reading.problem(reading.at('start', name), `start.${name} has no effect with attach`, 'remove it', 'warning');
}

function siteRules(site: SiteManifest, index: number, manifest: ManifestBody, reading: Reading): void {
  const at = (...path: (string | number)[]) => reading.at('sites', index, ...path);
  const { name, channels } = site;
  if (RESERVED.includes(name)) reading.problem(at('name'), `"${name}" is taken by another setting`, 'choose another name');
  if (manifest.sites.findIndex((other) => other.name === name) < index)
    reading.problem(at('name'), `there is already a site "${name}"`, 'give each site a name of its own');
  if (site.tenant && site.practice) reading.problem(at('practice'), 'a site has a tenant or a practice', 'keep one of them');

  const kinds: string[] = channels.read.map(({ kind }) => kind);
  const lists: [string[], string][] = [
    [kinds, 'read'],
    [channels.discover, 'discover'],
  ];
  for (const [list, path] of lists)
    for (const twice of list.filter((kind, place) => list.indexOf(kind) < place))
      reading.problem(at('channels', path), `"${twice}" is there twice`, 'keep it once');
  for (const way of new Set(channels.discover))
    if (!DISCOVER_NEEDS[way]!.some((kind) => kinds.includes(kind)))
      reading.problem(
        at('channels', 'discover'),
        `patients cannot be discovered by "${way}" when the subject reads only by ${kinds.join(', ')}`,
        `add ${DISCOVER_NEEDS[way]!.join(' or ')} to read, or discover by another way`,
      );
  if (site.vendor !== 'athena') {
    for (const way of [...kinds, channels.write_back].filter((way) => ATHENA_ONLY.includes(way)))
      reading.problem(at('channels'), `${site.vendor} has no "${way}"; only athena does`, 'choose another channel');
  }
  for (const channel of channels.read)
    if ('interval' in channel && channel.kind !== 'bulk' && channel.interval > manifest.promises.sync_window)
      reading.problem(
        at('channels', 'read'),
        `"${channel.kind}" runs every ${formatDuration(channel.interval)}, later than the sync window of ${formatDuration(manifest.promises.sync_window)}`,
        'shorten the interval, or promise a longer sync_window',
        'warning',
      );
}

function clientRules({ clients }: ManifestBody, reading: Reading): void {
  for (const [name, client] of Object.entries(clients)) {
    const wrong = (name === 'crm' ? SITE_KEYS : CRM_KEYS).filter((key) => client[key] !== undefined);
    for (const key of wrong)
      reading.problem(
        reading.at('clients', name, key),
        `"${key}" does not belong to ${name === 'crm' ? 'the CRM' : 'a site'}`,
        `move it to clients.${name === 'crm' ? '<site>' : 'crm'}`,
      );
    if (client.public_key && client.jwks_url)
      reading.problem(reading.at('clients', name, 'jwks_url'), 'a client has a public key or a JWKS URL', 'keep one of them');
  }
}
