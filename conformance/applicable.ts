import type { CheckDefinition } from './check.ts';
import type { Capability } from './manifest/capabilities.ts';
import type { Manifest, SiteManifest } from './manifest/manifest.ts';
import { type ReadKind, readChannels } from './manifest/read-channels.ts';
import { type DataMap, isExclusion, sourceTypes } from './map/map.ts';
import { onChannel } from './oracle/oracle.ts';
import { provenanceOf } from './oracle/transforms.ts';

const READ_NEEDS: readonly string[] = ['hl7', 'poll', 'bulk', 'changed', 'subscription'] satisfies ReadKind[];

/** What of a manifest decides which checks apply. */
export type Judgeable = Pick<Manifest, 'crm'> & {
  sites?: readonly SiteManifest[];
  start?: Pick<Manifest['start'], 'restart' | 'attach'>;
  promises?: Pick<Manifest['promises'], 'sync_window' | 'reconcile_window'>;
  clients?: Manifest['clients'];
  capabilities?: Partial<Manifest['capabilities']>;
  /** Those that there are. */
  hooks?: { reconcile_now?: unknown };
};

/** Types that a vendor's API does not have (the capability statements in simulators/ehr/vendors). */
const SHOWS_NO: Partial<Record<SiteManifest['vendor'], readonly string[]>> = { athena: ['Consent'] };

/** Vendors whose patients are updated from a version that the client states. */
const STATES_VERSIONS: readonly SiteManifest['vendor'][] = ['cerner', 'r4'];

/** As long as a check can wait for somebody to reconcile, in ms. */
const LONGEST_WAIT_MS = 600_000;

/**
 * How long the subject may take to see what was changed in the CRM (ms): at once where it hears of it, or can be told to look, else
 * when it reconciles.
 */
export const rereadWindow = ({ crm, promises, hooks }: Judgeable): number =>
  (crm.back.kind === 'none' && hooks?.reconcile_now === undefined ? promises?.reconcile_window : promises?.sync_window) ??
  Number.POSITIVE_INFINITY;

/** Why a check does not apply to a site, or undefined when it does. Skipping needs an undeclared capability, by name. */
export function notApplicable(check: CheckDefinition, site: SiteManifest, manifest: Judgeable, map: DataMap): string | undefined {
  for (const name of capabilitiesOf(check)) {
    const declared = manifest.capabilities?.[name] ?? true;
    if (declared !== true) return `the manifest declines ${name}: ${declared.no}`;
  }
  for (const type of check.takes ?? []) {
    const rows = map.rows.filter((row) => sourceTypes(map, row).includes(type));
    if (!site.channels.read.some(({ kind }) => rows.some((row) => onChannel(map, row, kind))))
      return `the map takes nothing from ${type} on the channels of ${site.name}`;
  }
  for (const { source, path, owner, conflict } of check.maps ?? []) {
    const objects = map.objects.filter((object) => object.source === source);
    if (objects.length === 0) return `the map takes in no ${source}`;
    if (path && !map.rows.some((row) => row.source.startsWith(source) && row.source.includes(path)))
      return `the map has no row of ${source} from ${path}`;
    const owned = map.rows.filter((row) => row.owner === owner && objects.some(({ object }) => object === row.object));
    if (owner && owned.length === 0)
      return `the map has no field of ${source} that ${owner === 'shared' ? 'both own' : `the ${owner} owns`}`;
    if (conflict && !owned.some((row) => conflict.includes(row.conflict)))
      return `the map settles no conflict about ${source} by a rule that can be judged (${conflict.join(', ')})`;
  }
  for (const { source } of check.maps ?? [])
    if (SHOWS_NO[site.vendor]?.includes(source)) return `${site.name}: ${site.vendor} shows no ${source} by its API`;
  for (const need of check.needs ?? []) {
    const channels: string[] = readChannels(site);
    if (READ_NEEDS.includes(need) && !channels.includes(need)) return `${site.name} declares no ${need} channel for reading`;
    if (need === 'forgeable' && !channels.includes('hl7') && channels.join() !== 'subscription')
      return `${site.name} is read neither by messages nor by notifications alone: what a forgery did could not be told`;
    if (need === 'push' && !channels.some((kind) => kind === 'hl7' || kind === 'subscription'))
      return `${site.name} pushes nothing to the subject: it declares neither hl7 nor subscription`;
    if (need === 'api' && channels.every((kind) => kind === 'hl7')) return `${site.name} is read by messages alone`;
    if (need === 'crm-back' && manifest.crm.back.kind === 'none')
      return 'the manifest declares no channel back from the CRM (crm.back: none)';
    if (need === 'crm-reread' && manifest.crm.back.kind === 'none' && !(rereadWindow(manifest) <= LONGEST_WAIT_MS))
      return 'the manifest declares no channel back from the CRM (crm.back: none), and promises.reconcile_window is too long to wait for (hooks.reconcile_now would do)';
    if (need === 'provenance' && !map.rows.some(({ transform }) => provenanceOf(transform)))
      return 'the map has no row that says where a record is from (transform provenance:…)';
    if (need === 'exclusions' && !map.rows.some(isExclusion))
      return 'the map keeps nothing out of the CRM (sensitivity: exclude)';
    if (need === 'two-sites' && (manifest.sites?.length ?? 0) < 2) return 'the manifest names one site';
    if (need === 'two-vendors' && new Set(manifest.sites?.map(({ vendor }) => vendor)).size < 2)
      return 'the manifest names sites of one vendor only';
    if (need === 'restart' && !manifest.start?.restart && !manifest.start?.attach)
      return 'the manifest does not allow that the subject is restarted (start.restart)';
    const brought = [site.name, 'crm'].find((name) => manifest.clients?.[name] !== undefined);
    if (need === 'given-credentials' && brought)
      return `the subject brings its own credentials for ${brought} (clients.${brought}), which only its owner can change`;
    if (need === 'versioned-write' && site.channels.write_back !== 'fhir')
      return `${site.name} is not written to by FHIR (write_back: ${site.channels.write_back}): nothing there says from which version a change is made`;
    if (need === 'versioned-write' && !STATES_VERSIONS.includes(site.vendor))
      return `${site.name}: ${site.vendor} has no update of a patient that states a version`;
    if (need === 'tls' && !site.tls) return `TLS is off for ${site.name}`;
    if (need === 'tls' && !manifest.crm.tls) return 'TLS is off for the CRM';
    if (need === 'write-back' && site.channels.write_back === 'none')
      return `${site.name} declares no write-back (write_back: none)`;
  }
  return undefined;
}

/**
 * Why a check that applies cannot be carried out on a subject that is only attached; undefined where it can. It is not declared
 * away: who cannot be restarted here may still lose what he acknowledged.
 */
export const notOurs = (check: CheckDefinition, { start }: Pick<Judgeable, 'start'>): string | undefined =>
  start?.attach && check.needs?.includes('restart')
    ? 'The subject is attached: its owner alone starts, stops and kills it.'
    : undefined;
/** What the checks of a group ask a sync to be able to do. */
const OF_GROUP: Record<string, Capability> = {
  identity: 'identity',
  demographics: 'demographics',
  appointments: 'appointments',
  encounters: 'encounters',
  clinical: 'summaries',
  referrals: 'referrals',
  consent: 'consent',
};

/** The capabilities without which a check says nothing. */
export function capabilitiesOf({ group, capabilities }: Pick<CheckDefinition, 'group' | 'capabilities'>): readonly Capability[] {
  const own = OF_GROUP[group];
  return capabilities ?? (own ? [own] : []);
}

/** Cohort of one check on one site. */
export const cohortOf = (check: { id: string }, site: { name: string }): string => `${check.id}/${site.name}`;
