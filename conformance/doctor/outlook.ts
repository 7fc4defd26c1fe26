import { notApplicable } from '../applicable.ts';
import type { CheckDefinition } from '../check.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { DataMap } from '../map/map.ts';
import { reachable } from '../standing/reachable.ts';

/**
 * How far a manifest can come whatever the sync does, in lines: the highest level in each size, what stands before the next one, and
 * which blockers do not apply, by the reason that the manifest or the map gives.
 */
export function outlook(checks: readonly CheckDefinition[], { manifest, map }: { manifest: Manifest; map: DataMap }): string[] {
  const [ci, full] = (['ci', 'full'] as const).map((size) => reachable(checks, { manifest, map, size }).text);
  const unjudged = checks.flatMap((check) => {
    const reasons = manifest.sites.map((site) => notApplicable(check, site, manifest, map));
    return check.severity === 'B' && reasons.every((reason) => reason !== undefined)
      ? [{ id: check.id, reason: reasons[0] }]
      : [];
  });
  const groups = [...Map.groupBy(unjudged, ({ reason }) => reason)].map(
    ([reason, some]) => `  without ${some.map(({ id }) => id).join(' ')}: ${reason}`,
  );
  return [`${ci}.`, ...(full === ci ? [] : [`With --size full: ${full![0]!.toLowerCase()}${full!.slice(1)}.`]), ...groups];
}
