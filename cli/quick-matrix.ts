import { digest } from '#kernel';

/** What is asked of a mutant, to choose it or not. */
export interface Candidate {
  id: string;
  /** The checks that must fail it; none for a lawful variant and for a null. */
  kills: readonly { check: string }[];
}

export interface Choice<C extends Candidate> {
  /** Those that take longest first, so that none of them is waited for at the end. */
  chosen: C[];
  /** Why just these, in words. */
  rule: string;
}

/** Of those that a quick matrix could do without, one in so many is run all the same: others with each change of the code. */
const ONE_IN = 4;

const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 1;

/**
 * What is run with every commit: enough that every check fails somebody for its reason and no lawful variant, and of the rest a part
 * that changes with the code. The same code has the same choice.
 * @param costs how long each took by itself (ms); one that is not known yet is taken for an ordinary one
 */
export function quickChoice<C extends Candidate>(
  all: readonly C[],
  { costs, code }: { costs: Readonly<Record<string, number>>; code: string },
): Choice<C> {
  const usual = median(Object.values(costs));
  const cost = ({ id }: C): number => costs[id] ?? usual;
  const broken = all.filter(({ kills }) => kills.length > 0);
  const needed = cheapestCover(broken, cost);
  const spare = broken.filter((one) => !needed.includes(one));
  const drawn = spare.toSorted(by(({ id }) => digest(code, id))).slice(0, Math.ceil(spare.length / ONE_IN));
  const others = all.filter(({ kills }) => kills.length === 0);
  const chosen = [...needed, ...drawn, ...others].sort((a, b) => cost(b) - cost(a));
  const rule =
    `${chosen.length} of ${all.length}: the ${needed.length} quickest by which every check fails one, ` +
    `all ${others.length} that are lawful or do nothing, and ${drawn.length} of the other ${spare.length}, drawn by the digest of the code`;
  return { chosen, rule };
}

const by =
  <C>(key: (one: C) => string) =>
  (a: C, b: C): number =>
    key(a) < key(b) ? -1 : 1;

/**
 * The cheapest of them by which each check is failed that any of them fails. The best of all such sets is not searched for: whoever
 * fails most for its price comes first, and goes again where others turn out to do its work.
 */
function cheapestCover<C extends Candidate>(all: readonly C[], cost: (one: C) => number): C[] {
  const checksOf = (list: readonly C[]): Set<string> => new Set(list.flatMap(({ kills }) => kills.map(({ check }) => check)));
  const open = checksOf(all);
  const news = ({ kills }: C): number => new Set(kills.map(({ check }) => check).filter((check) => open.has(check))).size;
  const taken: C[] = [];
  while (open.size > 0) {
    const best = all.reduce((a, b) => (news(b) / cost(b) > news(a) / cost(a) ? b : a));
    taken.push(best);
    for (const { check } of best.kills) open.delete(check);
  }
  return taken
    .toSorted((a, b) => cost(b) - cost(a))
    .reduce((kept, one) => {
      const without = kept.filter((other) => other !== one);
      return checksOf(without).size === checksOf(kept).size ? without : kept;
    }, taken);
}
