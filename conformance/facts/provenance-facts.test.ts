import { expect, it } from 'vitest';
import { CHECKS } from '../checks/index.ts';
import { PERFECT } from '../testing/behaviour.ts';
import { play } from '../testing/play.ts';
import { MAP, manifest } from '../testing/setting.ts';
import { Evidence } from './evidence.ts';
import { Facts } from './facts.ts';

const se07 = CHECKS.find(({ id }) => id === 'SE-07')!;

/** The verdict on a perfect run in whose journal all was read by such operations, and read and written so much later than it says. */
async function readLater(ms: number, operation: string): Promise<[verdict: string, reason: string]> {
  const { sandbox } = await play(se07, PERFECT);
  const facts = new Facts();
  for (const event of sandbox.b.events) {
    const isChange = event.sim === 'ehr' && event.kind === 'commit';
    const wall = new Date(Date.parse(event.wall) + ms).toISOString();
    const data = event.sim === 'ehr' && event.kind === 'reply' ? { ...event.data, operation } : event.data;
    facts.ingest(isChange ? event : { ...event, wall, data });
  }
  const { verdict, reason } = new Evidence(facts, MAP, manifest()).judge(se07, manifest().sites);
  return [verdict, reason];
}

it.each<[ms: number, operation: string, expected: [string, string]]>([
  [0, 'search', ['pass', 'as-required']],
  [2_500, 'search', ['pass', 'as-required']],
  [10_000, 'search', ['fail', 'untrue']],
  [10_000, 'export-file', ['pass', 'as-required']],
])('what is said to be read %i ms before it was, by %s: %j', async (ms, operation, expected) => {
  expect(await readLater(ms, operation)).toEqual(expected);
});
