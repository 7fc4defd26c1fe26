import { defineCheck } from '../check.ts';
import { merges, unions } from '../schedule/workloads.ts';

const SCHEDULES = { ci: 12, full: 60 };

export const or03 = defineCheck({
  id: 'OR-03',
  title: 'A change that races a merge ends at the survivor',
  group: 'ordering',
  severity: 'B',
  level: 3,
  requirement:
    'Whatever the order in which the changes of two charts and their merge reach the CRM, the survivor holds everything at the end, and nothing stays with the retired chart.',
  seeds: ['S0', 'S3'],
  harm: 'The visit was moved while two charts became one; it stays with the chart that nobody opens, and nobody is reminded.',
  capabilities: ['merges'],
  alone: true,
  leaves: SCHEDULES,
  async act(world) {
    const lanes = Array.from({ length: SCHEDULES[world.size] / 2 }, (_, n) => [
      { name: `merge ${n + 1}`, workload: merges },
      { name: `union ${n + 1}`, workload: unions },
    ]);
    await world.explore(lanes.flat());
    await world.settled('after');
  },
  passes: (facts) => ({ reason: 'explored', message: facts.strength }),
  expect: (facts) => [...facts.asMapped('after'), ...facts.invariants('G1', 'G2', 'G3', 'G4'), ...facts.wereExplored(1)],
});
