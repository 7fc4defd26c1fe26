import { nearest } from '../manifest/problem.ts';
import {
  type CheckResult,
  type GateLine,
  type GateResult,
  LATENCY_CLASSES,
  type Lack,
  type LatencyClass,
  LEVEL_IDS,
  type LevelId,
  type RunResult,
  type Size,
} from '../result.ts';
import { BADGES } from './badges.ts';
import { LEVELS } from './levels.ts';
import type { SoakStanding } from './soak.ts';

/** A gate that cannot be read, or that no run of this kind could meet. */
export class GateError extends Error {}

/** Verdicts of an earlier run, by check. */
export type Before = Readonly<Record<string, CheckResult['verdict']>>;

type Seen = Pick<RunResult, 'checks' | 'coverage' | 'standing'> & {
  before?: Before;
  /** Checks that fail as the run's baseline knows them: no regression, and no level either. */
  known?: readonly string[];
};
type Outcome = Omit<GateLine, 'asked'>;

/** What a run is like before it begins, as far as a gate can know. */
export interface Planned {
  size: Size;
  /** The soak that it goes by, where it names one. */
  soak?: SoakStanding;
  /** Checks that are left out. */
  leftOut: number;
  hasBefore: boolean;
}

/** One thing that a gate can ask for. */
interface Condition {
  key: string;
  doc: string;
  example: string;
  /** Reads a value. @throws GateError */
  read(value: string, key: string): (seen: Seen) => Outcome;
  /** Why no run of this kind can meet it; undefined when it may. */
  impossible?(value: string, planned: Planned): string | undefined;
}

const oneOf = (value: string, known: readonly string[], key: string): string => {
  if (known.includes(value)) return value;
  const close = nearest(value, known);
  throw new GateError(`${key}=${value}: ${close ? `did you mean ${key}=${close}? There are` : 'there are'} ${known.join(', ')}`);
};

const wholeUpTo = (value: string, most: number, key: string): number => {
  if (!/^\d+$/.test(value) || Number(value) > most)
    throw new GateError(`${key}=${value}: takes a whole number from 0 to ${most}, such as ${key}=${most === 100 ? 100 : 0}`);
  return Number(value);
};

/** Who is at fault when something is missing: the subject, unless nothing of it failed. */
const because = (lacks: readonly Lack[]): GateLine['met'] => (lacks.some(({ kind }) => kind !== 'unknown') ? 'no' : 'unknown');

const atLeast = <T>(all: readonly T[], least: T, seen: T | undefined): boolean =>
  seen !== undefined && all.indexOf(seen) >= all.indexOf(least);

/** Levels that end so ask for the checks alone, in whatever size they were run. */
const IN_CI = /-ci$/;
const LEVEL_VALUES = LEVEL_IDS.flatMap((id) => [
  id,
  ...(LEVELS.find((level) => level.id === id)!.beyond({ size: 'ci' }).length > 0 ? [`${id}-ci`] : []),
]);

function judgeLevel(value: string): (seen: Seen) => Outcome {
  const wanted = value.replace(IN_CI, '') as LevelId;
  return ({ standing }) => {
    const reached = IN_CI.test(value) ? standing.checksHold : standing.level;
    if (atLeast(LEVEL_IDS, wanted, reached)) return { met: 'yes', saw: `level ${reached!.slice(1)}` };
    const lacks = standing.levels.filter(({ id }) => id <= wanted).flatMap((level) => level.lacks);
    const named = lacks.slice(0, 3).map(({ what, why }) => `${what} ${why}`);
    const more = lacks.length > named.length ? `; and ${lacks.length - named.length} more` : '';
    if (lacks.length > 0) return { met: because(lacks), saw: `${named.join('; ')}${more}` };
    return { met: 'unknown', saw: standing.withheld ?? 'only in a smaller size' };
  };
}

function judgeRegressions(most: number): (seen: Seen) => Outcome {
  return ({ checks, standing, before = {}, known = [] }) => {
    const held = checks.filter(({ id }) => before[id] === 'pass');
    const failed = held.filter(({ verdict }) => verdict === 'fail' || verdict === 'unstable');
    const lost = failed.filter(({ id }) => !known.includes(id));
    const put = failed.filter((one) => !lost.includes(one));
    const beside = put.length > 0 ? `, and ${put.map(({ id }) => id).join(' ')} as known` : '';
    const unseen = held.filter(({ verdict }) => verdict === 'untestable' || verdict === 'harness-error');
    // Who chose some checks asks about those; of the whole suite none may be missing.
    const isChosen = standing.leftOut > 0;
    const absent = Object.keys(before).filter((id) => before[id] === 'pass' && !checks.some((check) => check.id === id));
    const gone = isChosen ? [] : absent;
    const name = (list: readonly { id: string }[]): string => list.map(({ id }) => id).join(' ');
    if (lost.length > most) return { met: 'no', saw: `${lost.length}: ${name(lost)} passed before${beside}` };
    const unknown = [name(unseen), gone.join(' ')].filter(Boolean).join(' ');
    if (lost.length + unseen.length + gone.length > most)
      return { met: 'unknown', saw: `${unknown} passed before, and could not be judged` };
    return { met: 'yes', saw: `${lost.length}${isChosen ? ` of the ${checks.length} checks that were run` : ''}${beside}` };
  };
}

const CONDITIONS: readonly Condition[] = [
  {
    key: 'level',
    doc: 'at least that level; L2-ci and L3-ci ask for what a run of ci size can show of it',
    example: 'level=L1',
    read: (value, key) => judgeLevel(oneOf(value, LEVEL_VALUES, key)),
    impossible(value, { leftOut, ...shown }) {
      const beyond = IN_CI.test(value) ? [] : (LEVELS.find(({ id }) => id === value)?.beyond(shown) ?? []);
      if (leftOut > 0) return `a level needs every check, and ${leftOut} are left out`;
      if (beyond.length > 0) return `it needs ${beyond.join(' and ')}; ${value}-ci asks for its checks in this size`;
      return undefined;
    },
  },
  {
    key: 'badge',
    doc: 'that badge; several with several badge=',
    example: 'badge=hl7v2',
    read(value, key) {
      oneOf(
        value,
        BADGES.map(({ id }) => id),
        key,
      );
      return ({ standing }) => {
        const badge = standing.badges.find(({ id }) => id === value);
        if (badge?.state === 'earned') return { met: 'yes', saw: 'earned' };
        if (!badge || badge.state === 'none') return { met: 'no', saw: 'nothing of it applies' };
        return { met: because(badge.lacks), saw: badge.lacks.map(({ what, why }) => `${what} ${why}`).join('; ') };
      };
    },
    impossible: (_, { leftOut }) =>
      leftOut > 0 ? `a badge stands beside a level, which needs every check, and ${leftOut} are left out` : undefined,
  },
  {
    key: 'regressions',
    doc: 'at most so many checks fail, of those that were run, that passed in the run that --against names; what fails as the baseline knows it is none',
    example: 'regressions=0',
    read: (value, key) => judgeRegressions(wholeUpTo(value, 999, key)),
    impossible: (_, { hasBefore }) => (hasBefore ? undefined : 'say against which run: --against FOLDER, or a result.json'),
  },
  {
    key: 'latency',
    doc: 'at least that class: A 10 s, B 60 s, C 5 min by p95, and nothing that never came',
    example: 'latency=B',
    read(value, key) {
      const wanted = oneOf(value, LATENCY_CLASSES, key) as LatencyClass;
      return ({ standing: { latency } }) => {
        if (!latency) return { met: 'unknown', saw: 'nothing was measured' };
        const saw = `p95 ${latency.p95Ms} ms, ${latency.class ? `class ${latency.class}` : 'of no class'}`;
        return { met: latency.class && latency.class <= wanted ? 'yes' : 'no', saw };
      };
    },
  },
  {
    key: 'coverage',
    doc: 'at least so many percent of the weight that applies was seen to hold or not to',
    example: 'coverage=100',
    read(value, key) {
      const least = wholeUpTo(value, 100, key);
      return ({ coverage }) => ({ met: coverage >= least ? 'yes' : 'unknown', saw: `${coverage} %` });
    },
  },
];

/** What can be asked for, for help and docs. */
export const GATE_KEYS: readonly Pick<Condition, 'key' | 'doc' | 'example'>[] = CONDITIONS;

export interface Gate {
  asked: string;
  /** @throws GateError naming what no such run could meet. */
  plan(planned: Planned): void;
  judge(seen: Seen): GateResult;
}

/** Reads `level=L1,regressions=0`. @throws GateError naming what is wrong and the nearest that there is. */
export function parseGate(text: string): Gate {
  const parts = text.split(',').map((part) => part.trim());
  const conditions = parts.map((part) => {
    const [key = '', value, ...rest] = part.split('=');
    const keys = CONDITIONS.map((one) => one.key);
    const condition = CONDITIONS.find((one) => one.key === key);
    if (!condition) {
      const close = nearest(key, keys);
      throw new GateError(
        `there is no ${JSON.stringify(key)}; ${close ? `did you mean ${close}? There are` : 'there are'} ${keys.join(', ')}`,
      );
    }
    if (!value || rest.length > 0) throw new GateError(`${part}: takes one value, as in ${condition.example}`);
    return { asked: part, value, condition, judge: condition.read(value, key) };
  });
  return {
    asked: conditions.map(({ asked }) => asked).join(','),
    plan(planned) {
      for (const { asked, value, condition } of conditions) {
        const why = condition.impossible?.(value, planned);
        if (why) throw new GateError(`${asked}: ${why}`);
      }
    },
    judge(seen) {
      const lines = conditions.map(({ asked, judge }) => ({ asked, ...judge(seen) }));
      const met = (['no', 'unknown'] as const).find((one) => lines.some((line) => line.met === one)) ?? 'yes';
      return { asked: conditions.map(({ asked }) => asked).join(','), met, lines };
    },
  };
}
