import { expect, it } from 'vitest';
import { ARRIVALS, loadStories, pauseBefore, type StoryCommit, tell } from './index.ts';

const WORLD = {
  person: () => ({ resourceType: 'Patient', name: [{ family: 'Test' }] }),
  at: (day: number, time: string) => `2026-03-${String(2 + day).padStart(2, '0')}T${time}:00Z`,
  now: () => '2026-03-02T12:00:00Z',
  staff: () => ({ doctor: { reference: 'Practitioner/d' }, place: { reference: 'Location/l' } }),
};

/** Tells a story to nobody: its commits, with the pauses before them. */
async function told(name: string): Promise<{ commits: StoryCommit[]; pauses: number[] }> {
  const story = loadStories().find((each) => each.name === name)!;
  const commits: StoryCommit[] = [];
  const pauses: number[] = [];
  await tell(story, {
    world: WORLD,
    commit: async (commit) => {
      commits.push(commit);
      return { records: commit.changes.map((_, at) => ({ id: `${commits.length}.${at}` })) };
    },
    sleep: async (ms) => void pauses.push(ms),
  });
  return { commits, pauses };
}

it.each(loadStories().map(({ name, steps }) => [name, steps] as const))('tells %s step by step', async (name, steps) => {
  const { commits, pauses } = await told(name);
  expect(commits.map(({ act }) => act)).toEqual(steps.map(({ act }) => act));
  expect(pauses).toEqual(steps.flatMap(({ after }) => after ?? []));
  expect(JSON.stringify(commits)).not.toContain('undefined');
});

it('refers to what earlier steps made', async () => {
  const { commits } = await told('reschedule');
  expect(commits[1]!.changes[0]).toMatchObject({
    op: 'create',
    resource: { status: 'booked', start: '2026-03-05T09:30:00Z', participant: [{ actor: { reference: 'Patient/1.0' } }, {}, {}] },
  });
  expect(commits[3]!.changes[0]).toMatchObject({
    op: 'update',
    type: 'Appointment',
    id: '2.0',
    patch: { start: '2026-03-07T23:30:00Z' },
  });
});

it('retires the merged one and keeps the other', async () => {
  const { commits } = await told('merge');
  expect(commits.at(-1)!.changes).toMatchObject([
    { id: '2.0', patch: { active: false, link: [{ other: { reference: 'Patient/1.0' }, type: 'replaced-by' }] } },
    { id: '1.0', patch: { link: [{ other: { reference: 'Patient/2.0' }, type: 'replaces' }] } },
  ]);
});

it.each(ARRIVALS)('$name: as many an hour as its curve says', (arrivals) => {
  const HOUR = 3_600_000;
  const rate = 2000;
  const came = Array<number>(24).fill(0);
  // A fixed sequence of draws, spread over [0, 1).
  for (let time = 0, n = 1; time < 24 * HOUR; n++) {
    const pause = pauseBefore(arrivals, rate, time, (n * 0.618033988749895) % 1);
    const hour = Math.floor(time / HOUR);
    time += pause;
    if (Math.floor(time / HOUR) === hour) came[hour]!++;
  }
  for (const [hour, share] of arrivals.hours.entries())
    expect(Math.abs(came[hour]! - rate * share)).toBeLessThan(40 + rate * share * 0.1);
});
