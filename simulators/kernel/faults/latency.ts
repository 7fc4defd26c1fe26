import { defineFault, type FaultHook } from '../hooks.ts';

const wait: FaultHook = async (_exchange, { ms, jitter }, { clock, random }) => {
  const delay = Number(ms) + random.next() * Number(jitter);
  if (delay > 0) await clock.sleep(delay);
};

export const latency = defineFault({
  name: 'latency',
  family: 'time',
  doc: 'Answers late; the request itself is served as usual.',
  params: {
    ms: { type: 'number', doc: 'delay in milliseconds', default: 1000, range: [0, 600_000] },
    jitter: { type: 'number', doc: 'up to so many milliseconds more, uniformly', default: 0, range: [0, 600_000] },
  },
  idle: ({ ms, jitter }) => Number(ms) === 0 && Number(jitter) === 0,
  hooks: { request: wait, message: wait },
  colour: '#c9a227',
});
