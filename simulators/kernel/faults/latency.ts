import { defineFault, type FaultHook } from '../hooks.ts';
import type { Random } from '../random.ts';

const LONGEST_MS = 600_000;

/** A factor of 1 or more as a rule, and now and then a very large one. */
const TAILS: Record<string, (random: Random, shape: number) => number> = {
  none: () => 1,
  pareto: (random, shape) => (1 - random.next()) ** (-1 / shape),
  // Box and Muller's way from two even draws to a normal one.
  lognormal: (random, shape) =>
    Math.exp((Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())) / shape),
};

const wait: FaultHook = async (_exchange, { ms, jitter, tail, shape }, { clock, random }) => {
  const factor = TAILS[String(tail)]!(random.fork('tail'), Number(shape));
  const delay = Number(ms) * factor + random.next() * Number(jitter);
  if (delay > 0) await clock.sleep(Math.min(delay, LONGEST_MS));
};

export const latency = defineFault({
  name: 'latency',
  family: 'time',
  doc: 'Answers late; the request itself is served as usual. With a tail some answers take very much longer than most.',
  params: {
    ms: {
      type: 'number',
      doc: 'delay in milliseconds; with a tail the smallest (Pareto) or the median (lognormal)',
      default: 1000,
      range: [0, LONGEST_MS],
    },
    jitter: { type: 'number', doc: 'up to so many milliseconds more, uniformly', default: 0, range: [0, LONGEST_MS] },
    tail: { type: 'string', doc: 'how the delay is spread', default: 'none', oneOf: Object.keys(TAILS) },
    shape: { type: 'number', doc: 'of the tail: the smaller, the heavier', default: 1.5, range: [0.1, 10] },
  },
  idle: ({ ms, jitter }) => Number(ms) === 0 && Number(jitter) === 0,
  hooks: { request: wait, message: wait },
  colour: '#c9a227',
});
