import type { Strategy } from '../strategy.ts';
import { random } from './random.ts';

/** Every way to explore, the usual one first. Following a record is made from the record. */
export const STRATEGIES: readonly [Strategy, ...Strategy[]] = [random];

export { follow } from './follow.ts';
