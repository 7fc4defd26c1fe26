/**
 * Every fault at random, over every simulator, while clients work; then all is healed, and the simulators must have kept
 * what they promise: no torn record, no lost acknowledged write, versions that count up, a whole journal.
 *   npm run chaos -- [--seconds 60] [--seed x] [--rules 4]
 */
import { parseArgs } from 'node:util';
import { systemClock } from '#kernel';
import { chaos } from './run.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string' }, seed: { type: 'string' }, rules: { type: 'string' } },
});
const seed = values.seed ?? String(systemClock.now());
console.log(`seed ${seed}`);
const result = await chaos({ seconds: Number(values.seconds ?? 60), seed, rules: Number(values.rules ?? 4) });
const { events, calls, acknowledged, commits, hits, missed, refused, violations } = result;
const hit = [...hits.values()].reduce((a, b) => a + b, 0);
console.log(`${calls} calls, ${acknowledged} acknowledged writes, ${commits} commits, ${events} events`);
console.log(`${hit} hits by ${hits.size} faults${missed.length > 0 ? `; never hit: ${missed.join(', ')}` : ''}`);
for (const one of refused) console.log(`refused: ${one}`);
const shown = new Map<string, number>();
for (const { invariant, what } of violations) {
  const count = (shown.get(invariant) ?? 0) + 1;
  shown.set(invariant, count);
  if (count <= 20) console.log(`${invariant}: ${what}`);
}
console.log(
  violations.length === 0 ? `no invariant was broken (seed ${seed})` : `${violations.length} violations (seed ${seed})`,
);
process.exit(violations.length === 0 ? 0 : 1);
