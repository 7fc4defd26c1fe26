import type { Strategy } from '../strategy.ts';

/** Lanes of one workload that take this strategy: one in so many. */
const STEP = 2;

const calls = (name: string): boolean => / #\d+$/.test(name);

/**
 * One call of the lane waits until nothing else is left, while everybody else goes on as if by chance. What takes one long delay to
 * happen, chance alone seldom finds. It is the first call in every other lane, since most can overtake that one; in the rest the second,
 * the third, and so on.
 */
export const starve: Strategy = {
  id: 'starve',
  prunes: false,
  open: (lane, chance) => {
    const turn = Math.floor((Number(/\d+$/.exec(lane)?.[0] ?? 0) - 1) / STEP);
    const nth = turn % 2 === 0 ? 0 : (turn + 1) / 2;
    const seen: string[] = [];
    return (options, _taken, idle) => {
      for (const { name } of options) if (calls(name) && !seen.includes(name)) seen.push(name);
      const others = options.filter(({ name }) => name !== seen[nth]);
      // Others may yet come that overtake it.
      if (others.length === 0) return idle ? options[0] : undefined;
      return chance.pick(others);
    };
  },
};
