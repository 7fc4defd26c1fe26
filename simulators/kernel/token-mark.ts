import { digest } from './random.ts';

/** What the journal holds of a token that was given out: enough to recognise it, nothing to use it by. */
export const tokenMark = ({ seed, runKey }: { seed: string; runKey: string }, token: string): string =>
  digest('token', seed, runKey, token).slice(0, 16);
