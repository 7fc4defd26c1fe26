import type { Strategy } from '../strategy.ts';
import { random } from './random.ts';
import { starve } from './starve.ts';

/** Every way to explore; the lanes of a workload take them in turns. Following a record is made from the record. */
export const STRATEGIES: readonly Strategy[] = [starve, random];

export { firmSteps, follow } from './follow.ts';
