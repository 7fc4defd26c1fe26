import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Kernel } from './kernel.ts';
import type { Stage } from './schedules.ts';

const T = 1_700_000_000_000;
const dueIn = (stages: Stage[], index: number): number => {
  const { schedules } = new Kernel();
  schedules.declare({ id: 's', stages });
  return schedules.dueOf({ schedule: 's', index, started: T }).due - T;
};

// The ramp's instants are those at which k6 2.2 was seen to begin its iterations: 367, 619, 824, 1001, 1168, 1335, 1501 ms.
const ramp: Stage[] = [
  { seconds: 1, from: 2, to: 6 },
  { seconds: 0.5, from: 6, to: 6 },
];
it.each<[what: string, stages: Stage[], due: number[]]>([
  ['all at once', [], [0, 0, 0]],
  ['a constant rate', [{ seconds: 1, from: 4, to: 4 }], [250, 500, 750, 1000]],
  ['a rising rate, then a constant one', ramp, [366, 618, 823, 1000, 1167, 1333, 1500]],
  ['a falling rate', [{ seconds: 2, from: 2, to: 0 }], [586, 2000]],
  ['a pause before', [{ seconds: 3, from: 0, to: 0 }, ...[{ seconds: 1, from: 2, to: 2 }]], [3500, 4000]],
  ['more than were declared: due at the end', [{ seconds: 1, from: 2, to: 2 }], [500, 1000, 1000]],
])('%s', (_what, stages, due) => {
  expect(due.map((_, index) => Math.round(dueIn(stages, index)))).toEqual(due);
});

it('is due in the order of the numbers, within the schedule', () => {
  const rate = fc.integer({ min: 0, max: 500 });
  const stage = fc.record({ seconds: fc.integer({ min: 1, max: 100 }), from: rate, to: rate });
  fc.assert(
    fc.property(fc.array(stage, { maxLength: 5 }), fc.nat(5_000), (stages, index) => {
      const [one, next] = [dueIn(stages, index), dueIn(stages, index + 1)];
      const end = 1000 * stages.reduce((sum, { seconds }) => sum + seconds, 0);
      expect([one >= 0, next >= one, next <= end + 1e-6]).toEqual([true, true, true]);
    }),
  );
});

it("takes the word of who keeps a schedule himself, and nobody else's silence", () => {
  const { schedules } = new Kernel();
  expect(schedules.dueOf({ schedule: 's', index: 3, due: T })).toEqual({ schedule: 's', index: 3, due: T });
  expect(() => schedules.dueOf({ schedule: 's', index: 3 })).toThrow('says neither');
});

it('knows no schedule that nobody declared', () => {
  expect(() => new Kernel().schedules.dueOf({ schedule: 's', index: 0, started: T })).toThrow('no schedule s is declared');
});
