import { notApplicable, notOurs } from '../applicable.ts';
import type { CheckDefinition } from '../check.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { readChannels } from '../manifest/read-channels.ts';
import { type DataMap, hashOfMap } from '../map/map.ts';
import type { CheckResult, Lack, LevelId, Size, Verdict } from '../result.ts';
import { declaredIn } from './declared.ts';
import { LEVELS } from './levels.ts';
import { heldUp, type Soak } from './soak.ts';
import { standing } from './standing.ts';
import { type Terms, termsOf } from './terms.ts';

/** How far a manifest can come, before anything is run: as if every check that applies passed. */
export interface Reachable {
  /** The highest level that could be awarded. */
  level?: LevelId;
  /** The highest whose checks could hold in that size. */
  checksHold?: LevelId;
  /** What stands between this and the next level, whatever the sync does. */
  lacks: Lack[];
  /** In one sentence. */
  text: string;
}

export function reachable(
  checks: readonly CheckDefinition[],
  {
    manifest,
    map,
    size,
    soak,
    terms = termsOf(checks),
  }: {
    manifest: Manifest;
    map: DataMap;
    size: Size;
    soak?: Soak;
    terms?: Terms;
  },
): Reachable {
  const trips = manifest.sites.flatMap((site) =>
    readChannels(site).map((kind) => ({ channel: `${site.name}/${kind}`, seen: true })),
  );
  const best = standing(
    {
      ...{ checks: checks.map((check) => atBest(check, manifest, map)), invariants: [], trips, size, beside: [] },
      ...(soak && { soak: heldUp(soak, { manifest, map: hashOfMap(map) }, terms) }),
      ...{ status: 'finished', tampered: false, defects: 0, ...declaredIn(manifest) },
    },
    terms,
  );
  const next = best.levels.find(({ state }) => state !== 'met');
  const lacks = next?.lacks ?? [];
  return { level: best.level, checksHold: best.checksHold, lacks, text: say(best, lacks, size) };
}

function atBest(check: CheckDefinition, manifest: Manifest, map: DataMap): CheckResult {
  const sites = manifest.sites.filter((site) => !notApplicable(check, site, manifest, map));
  // Of one that is only attached nobody will know what a kill would do to it.
  const applies: Verdict = notOurs(check, manifest) ? 'untestable' : 'pass';
  const verdict = sites.length === 0 ? 'not-applicable' : applies;
  const each = sites.map(({ name }) => ({ site: name, verdict: applies }));
  const none = { reason: '', message: '', findings: [], settled: [], durationMs: 0, replay: '', timeline: [] };
  return { ...check, ...none, verdict, sites: each, cases: { of: 1, passed: 1 } };
}

function say({ level, checksHold, withheld }: ReturnType<typeof standing>, lacks: readonly Lack[], size: Size): string {
  if (withheld !== undefined) return `No level can be awarded: ${withheld}`;
  const named = (id: LevelId): string => `level ${id.slice(1)} (${LEVELS.find((one) => one.id === id)!.name})`;
  const reach = level ? named(level) : 'no level';
  const nearly = checksHold && checksHold !== level ? `, the checks of ${named(checksHold)} in ${size} size` : '';
  const why =
    lacks.length > 0 ? `; beyond that it lacks ${lacks.map(({ what, why: because }) => `${what} (${because})`).join(', ')}` : '';
  return `At best ${reach}${nearly}${why}`;
}
