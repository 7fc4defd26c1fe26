import { createHash } from 'node:crypto';
import { capabilitiesOf } from '../applicable.ts';
import type { CheckDefinition } from '../check.ts';
import type { Capability } from '../manifest/capabilities.ts';
import { MINIMUM_MAP } from '../map/map-minimum.ts';
import type { LatencyClass, LevelId, Severity } from '../result.ts';
import { BADGES } from './badges.ts';
import { LEVELS } from './levels.ts';
import type { SoakTerms } from './soak.ts';

/** What a run is measured by, as data: worked out of the registries, or frozen in an edition. */
export interface Terms {
  checks: {
    id: string;
    severity: Severity;
    level: number;
    /** Digest of what it says that it asks: of another sentence it would be another check. */
    asks: string;
  }[];
  /** What every map has to carry. */
  minimumMap: string[];
  levels: {
    id: LevelId;
    /** Ids of the checks that all have to pass where they apply. */
    must: string[];
    majors?: number;
    soak?: SoakTerms;
    /** Checks of which one at least has to pass, by capability. */
    profile: Partial<Record<Capability, string[]>>;
  }[];
  badges: { id: string; vendor?: string; reads?: readonly string[]; must: string[] }[];
  /** The slowest p95 of each class, in ms. */
  latency: Record<LatencyClass, number>;
}

const LATENCY: Terms['latency'] = { A: 10_000, B: 60_000, C: 300_000 };

/** Of all that a check says of itself; not of how it is carried out, which may become better under the same sentence. */
export const asksOf = ({
  title,
  requirement,
  severity,
  level,
}: Pick<CheckDefinition, 'title' | 'requirement' | 'severity' | 'level'>): string =>
  createHash('sha256')
    .update(JSON.stringify([title, requirement, severity, level]))
    .digest('hex')
    .slice(0, 12);

/** The terms of the checks as they are now. */
export function termsOf(checks: readonly CheckDefinition[]): Terms {
  const ids = (which: (check: CheckDefinition) => boolean): string[] => checks.filter(which).map(({ id }) => id);
  return {
    checks: checks.map((check) => ({ id: check.id, severity: check.severity, level: check.level, asks: asksOf(check) })),
    minimumMap: [...MINIMUM_MAP],
    levels: LEVELS.map(({ id, must, majors, soak, profile }) => ({
      id,
      must: ids(must),
      majors,
      ...(soak && { soak }),
      profile: Object.fromEntries(profile.map((name) => [name, ids((check) => capabilitiesOf(check).includes(name))])),
    })),
    badges: BADGES.map(({ id, vendor, reads, must }) => ({ id, vendor, reads, must: ids(must) })),
    latency: LATENCY,
  };
}
