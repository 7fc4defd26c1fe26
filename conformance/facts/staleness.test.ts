import { describe, expect, it } from 'vitest';
import { CHECKS } from '../checks/index.ts';
import { PERFECT } from '../testing/behaviour.ts';
import { type Played, play } from '../testing/play.ts';
import { MAP, manifest } from '../testing/setting.ts';
import { CheckFacts } from './check-facts.ts';
import { Evidence } from './evidence.ts';
import { Facts } from './facts.ts';
import type { Sample } from './latency.ts';
import { caughtUpMs, sayCurve, stalenessCurve } from './staleness.ts';

const MS = 1_000;
const sample = (dueMs: number, tookMs: number, outcome: Sample['outcome'] = 'visible'): Sample =>
  ({ dueAt: dueMs * MS, micros: tookMs * MS, outcome }) as Sample;

describe('how far the CRM is behind', () => {
  const samples = [sample(0, 1_500), sample(500, 1_500), sample(800, 10, 'unchanged')];

  it.each([
    ['all of them shown', samples, 1_000],
    ['one that never was', [...samples, sample(900, 5_000, 'never')], Number.POSITIVE_INFINITY],
    ['nothing to wait for', [sample(0, 10)], 0],
  ])('%s', (_, of, ms) => {
    expect(caughtUpMs(of, 1_000 * MS)).toBe(ms);
  });

  it('is a curve over time, told in a line', () => {
    const curve = stalenessCurve(samples, 1_000 * MS, 2_000 * MS, 3);
    expect(curve).toEqual([
      { ms: 0, behind: 2, oldestMs: 1_000 },
      { ms: 500, behind: 1, oldestMs: 1_000 },
      { ms: 1_000, behind: 0, oldestMs: 0 },
    ]);
    expect(sayCurve(curve)).toBe('after 0.00 s 2 behind, by 1.00 s; after 0.50 s 1 behind, by 1.00 s; after 1.00 s 0 behind');
  });
});

describe('what LT-03 measures', () => {
  const check = CHECKS.find(({ id }) => id === 'LT-03')!;
  const latency = ({ evidence, cohort }: Played) =>
    check.passes!(new CheckFacts(evidence, cohort, evidence.facts.checks.get(cohort)!))!.message;

  it('a fixed delay of 200 ms moves the median by just that', async () => {
    const told = { polls: false };
    expect(latency(await play(check, told))).toMatch(/^100 changes: p50 0 ms/);
    expect(latency(await play(check, { ...told, later: () => 200 }))).toMatch(/^100 changes: p50 200 ms/);
  });

  it.each([
    ['too little was offered', 'commit', 'not-offered'],
    ['the sandbox was late itself', 'lag', 'sandbox-late'],
  ])('is worth nothing where %s', async (_, what, reason) => {
    const { sandbox } = await play(check, PERFECT);
    const facts = new Facts();
    const offers = sandbox.b.events.filter(({ data }) => data?.offer);
    for (const event of sandbox.b.events) {
      if (what === 'commit' && offers.indexOf(event) >= 97) continue;
      facts.ingest(event);
      if (what === 'lag' && event === offers[50]) facts.ingest({ ...event, kind: 'lag', sim: 'kernel', data: { maxMs: 600 } });
    }
    const judged = new Evidence(facts, MAP, manifest()).judge(check, manifest().sites);
    expect([judged.verdict, judged.findings.map((finding) => finding.reason)]).toEqual(['untestable', [reason]]);
  });
});
