import type { Strategy } from '../strategy.ts';

/** Each step as likely as any other. */
export const random: Strategy = {
  id: 'random',
  prunes: true,
  open: (_lane, chance) => (options) => chance.pick(options),
};
