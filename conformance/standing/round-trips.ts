import type { Evidence } from '../facts/evidence.ts';
import { writeBackSamples } from '../facts/write-back-latency.ts';
import type { Manifest, SiteManifest } from '../manifest/manifest.ts';
import { readChannels } from '../manifest/read-channels.ts';
import type { RoundTrip } from '../result.ts';

/**
 * Which declared channels anybody was seen to go all the way through: a person whom the EHR showed there and who is in the CRM; an
 * edit of a CRM user that is in the EHR. Where a site is read by several channels, a person may have come by either.
 */
export function roundTrips(evidence: Evidence, { sites, crm }: Pick<Manifest, 'sites' | 'crm'>): RoundTrip[] {
  const edits = evidence.oracle.map.rows.some(({ owner }) => owner === 'crm');
  return sites.flatMap((site) => [
    ...readChannels(site).map((kind) => ({
      channel: `${site.name}/${kind}`,
      seen: isRead(evidence, `${site.name}/${kind}`, site),
    })),
    ...(edits && crm.back.kind !== 'none' && site.channels.write_back !== 'none'
      ? [{ channel: `crm/${crm.back.kind} to ${site.name}/${site.channels.write_back}`, seen: isWrittenBack(evidence, site) }]
      : []),
  ]);
}

function isRead(evidence: Evidence, channel: string, { name }: SiteManifest): boolean {
  for (const history of evidence.facts.truth.values())
    if (history.tenant === name && history.type === 'Patient') {
      const shown = evidence.facts.servedAt(history.versions[0]!.ref, channel);
      if (shown !== undefined && evidence.rowsFor(history).length > 0) return true;
    }
  return false;
}

function isWrittenBack(evidence: Evidence, { name }: SiteManifest): boolean {
  const all = { from: Number.NEGATIVE_INFINITY, end: Number.POSITIVE_INFINITY };
  for (const [cohort] of evidence.facts.checks)
    if (cohort.endsWith(`/${name}`) && writeBackSamples(evidence, cohort, all).some(({ outcome }) => outcome === 'visible'))
      return true;
  return false;
}
