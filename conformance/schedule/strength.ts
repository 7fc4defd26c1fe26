import type { LaneRecord } from './file.ts';

/** How much some schedules show. */
export interface Strength {
  /** Schedules in which something was chosen. */
  schedules: number;
  /** Different orders among them. */
  distinct: number;
  /** Pairs of steps that came one after the other in either order, of those that came in at least one. */
  bothWays: number;
  pairs: number;
  /** Calls that went on because their time was over, or whose client hung up. */
  overdue: number;
  /** With no violation seen, the rate of violations lies below this at 95 % (rule of three). */
  bound: number;
}

const orderOf = ({ decisions }: LaneRecord): string[] => decisions.map(({ took }) => took);

/** What a lane is a schedule of: lanes with the same name up to their number run through the same workload. */
export const workloadOf = ({ name }: Pick<LaneRecord, 'name'>): string => name.replace(/ \d+$/, '');

/** A schedule in which there never was a choice explores nothing and is not counted. */
export function strengthOf(lanes: readonly LaneRecord[]): Strength {
  const explored = lanes.filter(({ decisions }) => decisions.some(({ why }) => why === 'chosen'));
  const orders = new Set(explored.map((lane) => JSON.stringify([workloadOf(lane), orderOf(lane)])));
  const seen = new Map<string, Set<string>>();
  for (const lane of explored) {
    const steps = orderOf(lane);
    for (const [i, first] of steps.entries())
      for (const second of steps.slice(i + 1)) {
        const pair = JSON.stringify([workloadOf(lane), ...[first, second].sort()]);
        seen.set(pair, (seen.get(pair) ?? new Set()).add(first));
      }
  }
  const all = explored.flatMap(({ decisions }) => decisions);
  return {
    schedules: explored.length,
    distinct: orders.size,
    bothWays: [...seen.values()].filter((firsts) => firsts.size > 1).length,
    pairs: seen.size,
    overdue: all.filter(({ why }) => why === 'deadline' || why === 'gone').length,
    bound: explored.length === 0 ? 1 : Math.min(1, 3 / explored.length),
  };
}

/** `25 schedules, 25 distinct, …`. */
export function sayStrength({ schedules, distinct, bothWays, pairs, overdue, bound }: Strength): string {
  const share = pairs === 0 ? 0 : Math.round((100 * bothWays) / pairs);
  const late = overdue > 0 ? ` ${overdue} calls went on at their deadline.` : '';
  return `No violation in ${schedules} schedules (${distinct} distinct; ${share} % of ${pairs} pairs of steps seen in both orders): at 95 % fewer than ${(100 * bound).toFixed(1)} % of such schedules break it.${late}`;
}
