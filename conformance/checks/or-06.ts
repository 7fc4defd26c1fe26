import { defineCheck } from '../check.ts';
import { changes, edits, merges, unions, visits } from '../schedule/workloads.ts';

/** How many have to be explored; a few more are run, as in one or the other nothing meets. */
const SCHEDULES = { ci: 25, full: 200 };
const SPARE = 1.5;

export const or06 = defineCheck({
  id: 'OR-06',
  title: 'Nothing breaks in whatever order calls and changes meet',
  group: 'ordering',
  severity: 'B',
  level: 3,
  requirement:
    "Over many explored orders in which the sync's calls and the changes of clinic and call centre meet, no invariant is broken and the CRM ends as the map asks.",
  seeds: ['S0'],
  harm: 'Once in a thousand times two calls cross, and the chart that comes of it is found by a patient.',
  alone: true,
  leaves: SCHEDULES,
  async act(world) {
    const mix = { change: changes, visit: visits, merge: merges, union: unions, ...(world.readsEdits && { edit: edits }) };
    const kinds = Object.entries(mix);
    const lanes = Array.from({ length: Math.ceil(SPARE * SCHEDULES[world.size]) }, (_, n) => {
      const [kind, workload] = kinds[n % kinds.length]!;
      return { name: `${kind} ${Math.floor(n / kinds.length) + 1}`, workload };
    });
    await world.explore(lanes);
    await world.note('wanted', SCHEDULES[world.size]);
    await world.settled('after');
  },
  passes: (facts) => ({ reason: 'explored', message: facts.strength }),
  expect: (facts) => [
    ...facts.asMapped('after'),
    ...facts.invariants('G1', 'G2', 'G3', 'G4'),
    ...facts.wereExplored(facts.note<number>('wanted') ?? SCHEDULES.ci),
  ],
});
