import { expect, test } from 'vitest';
import { ManualClock, OffsetClock, shownAt, waitingClock } from './clock.ts';
import { Kernel } from './kernel.ts';
import { Overrides } from './overrides.ts';

test('the newest counts, and whichever goes leaves the others', () => {
  const held = new Overrides<string>();
  const [a, b, c] = ['a', 'b', 'c'].map((value) => held.hold(value)) as [() => void, () => void, () => void];
  expect([held.current, held.all]).toEqual(['c', ['a', 'b', 'c']]);
  b();
  b();
  c();
  expect([held.current, held.all]).toEqual(['a', ['a']]);
  a();
  expect([held.current, held.all]).toEqual([undefined, []]);
});

test('a part with a wrong clock writes by it, and the journal does not', async () => {
  const clock = new OffsetClock(new ManualClock('2026-03-02T12:00:00.000Z'));
  const kernel = new Kernel({ clock: clock.beneath });
  const part = kernel.with(clock);
  clock.offset = 60_000;
  expect(new Date(part.clock.now()).toISOString()).toBe('2026-03-02T12:01:00.000Z');
  expect([kernel.clock.now(), waitingClock(part.clock).now()]).toEqual([clock.now() - 60_000, clock.now() - 60_000]);
  const apply = () => ({ records: [], before: [], after: [] });
  const { seq } = await part.commit({ sim: 'lamps', tenant: 'hall', act: 'light', apply });
  const { wall } = kernel.journal.event(seq)!;
  expect(wall).toBe('2026-03-02T12:00:00.000Z');
  expect(new Date(shownAt(part.clock, wall)).toISOString()).toBe('2026-03-02T12:01:00.000Z');
  // One state beneath both.
  expect([part.cell('x') === kernel.cell('x'), part.count('n'), kernel.count('n')]).toEqual([true, 1, 2]);
});
