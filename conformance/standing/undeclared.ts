import type { Evidence } from '../facts/evidence.ts';
import type { Capability } from '../manifest/capabilities.ts';
import type { Manifest, SiteManifest } from '../manifest/manifest.ts';
import { type ReadKind, readChannels } from '../manifest/read-channels.ts';

/** What shows that a declined capability is there all the same: rows of objects that take in such records. */
const SHOWN_BY: Partial<Record<Capability, string>> = {
  appointments: 'Appointment',
  encounters: 'Encounter',
  referrals: 'ServiceRequest',
  consent: 'Consent',
};

const PUSHED_OR_FED: readonly ReadKind[] = ['hl7', 'bulk', 'changed', 'subscription'];

/** What the subject was seen to do that its manifest does not declare: nothing of it was judged. */
export function undeclared(evidence: Evidence, { sites, capabilities }: Pick<Manifest, 'sites'> & Partial<Manifest>): string[] {
  const declined = Object.entries(SHOWN_BY).filter(([name]) => (capabilities?.[name as Capability] ?? true) !== true);
  return [
    ...sites.flatMap((site) => [...readings(evidence, site), ...writings(evidence, site)]),
    ...declined.flatMap(([name, type]) =>
      writesRowsOf(evidence, type) ? [`${name} is declined, and rows of ${type} were written`] : [],
    ),
  ].map((what) => `undeclared capability: ${what}`);
}

function readings({ facts }: Evidence, site: SiteManifest): string[] {
  const declared = readChannels(site);
  const seen = PUSHED_OR_FED.filter((kind) => !declared.includes(kind) && facts.reads(`${site.name}/${kind}`));
  // Whoever reads by any part of the API calls it for single records too.
  if (declared.every((kind) => kind === 'hl7') && facts.reads(`${site.name}/poll`)) seen.push('poll');
  return seen.map((kind) => `${site.name} was read by ${kind}, which its channels do not name`);
}

function writings({ facts }: Evidence, { name, channels }: SiteManifest): string[] {
  if (channels.write_back !== 'none') return [];
  for (const { tenant, versions } of facts.truth.values())
    if (tenant === name && versions.some(({ actor }) => /^(client|link):/.test(actor)))
      return [`${name} was written to, though its write_back is none`];
  return [];
}

function writesRowsOf({ facts, oracle }: Evidence, type: string): boolean {
  const objects = oracle.objectsFor(type).map(({ object }) => object);
  for (const { type: object, versions } of facts.crm.values())
    if (objects.includes(object) && versions.some(({ actor }) => actor.startsWith('client:'))) return true;
  return false;
}
