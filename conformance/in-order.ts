import type { CheckDefinition } from './check.ts';
import type { Size } from './result.ts';

type Placed = Pick<CheckDefinition, 'id' | 'group' | 'leaves'>;

/** About as many people as a check of volume leaves behind that says nothing else. */
const A_CROWD = 50;

/**
 * Checks that are run one after the other, as they were but for those that leave many people behind: the more, the later. Whoever
 * reads charts in turn comes to each the later the more there are, and that is no fault of his.
 */
export const inOrder = <T extends Placed>(checks: readonly T[], size: Size): T[] => {
  const left = ({ group, leaves }: T): number => leaves?.[size] ?? (group === 'volume' ? A_CROWD : 0);
  return [...checks].sort((a, b) => left(a) - left(b));
};
