import type { CheckDefinition } from '../check.ts';
import type { Capability } from '../manifest/capabilities.ts';
import type { LevelId, Size } from '../result.ts';
import { SOAK, type SoakStanding, type SoakTerms } from './soak.ts';

/** A level: a set of checks that all have to pass, never a percentage of everything. What it needs includes the levels below it. */
export interface LevelDefinition {
  id: LevelId;
  name: string;
  /** Whom it is for. */
  meantFor: string;
  /** Which checks have to pass, in words; `must` says it to the machine. */
  needs: string;
  must(check: CheckDefinition): boolean;
  /** Least share of the majors' weight up to this level, in percent. */
  majors?: number;
  /** Must be declared, and witnessed by one check at least: who declares nothing earns nothing. */
  profile: readonly Capability[];
  /** The soak that it asks for. */
  soak?: SoakTerms;
  /** What such a run cannot show. A level with an entry is not awarded; that its checks hold is said with it. */
  beyond(shown: Shown): string[];
}

/** What a run shows beside its checks. */
export interface Shown {
  size: Size;
  soak?: Pick<SoakStanding, 'run' | 'lacks'>;
}

const volume = ({ size }: Shown): string[] => (size === 'full' ? [] : ['--size full']);

// One in which the subject failed was shown well enough: that is something which the level lacks.
function soaked({ soak }: Shown): string[] {
  const unknown = soak?.lacks.find(({ kind }) => kind === 'unknown');
  if (soak && !unknown) return [];
  return [`a soak of one hour${soak ? ` (${soak.run} is none: ${unknown!.why})` : ''}`];
}

const blockers = (level: number) => (check: CheckDefinition) => check.severity === 'B' && check.level === level;

/** Every level, lowest first. */
export const LEVELS: readonly LevelDefinition[] = [
  {
    id: 'L0',
    name: 'Connected',
    meantFor: 'the first day',
    needs: 'on every declared channel one person went all the way round',
    must: () => false,
    profile: [],
    beyond: () => [],
  },
  {
    id: 'L1',
    name: 'Correct',
    meantFor: 'the CI of an integration team, and going live',
    needs: 'all blockers of level 1 that apply, the latency measured',
    must: blockers(1),
    majors: 90,
    profile: ['identity', 'demographics', 'appointments'],
    beyond: () => [],
  },
  {
    id: 'L2',
    name: 'Resilient',
    meantFor: "a vendor's certificate",
    needs: 'all blockers of level 2 that apply, under faults that are healed',
    must: blockers(2),
    majors: 95,
    profile: ['reconciliation', 'audit'],
    beyond: volume,
  },
  {
    id: 'L3',
    name: 'Race-proof',
    meantFor: "a vendor's certificate with distinction",
    needs: 'all blockers of level 3 that apply: explored schedules without a violation',
    must: blockers(3),
    majors: 95,
    profile: [],
    soak: SOAK,
    beyond: (shown) => [...volume(shown), ...soaked(shown)],
  },
];
