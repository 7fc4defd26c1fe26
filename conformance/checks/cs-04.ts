import { COMMON, toObservation } from '#fixtures';
import { defineCheck, fail } from '../check.ts';

const ABNORMAL = [182, 38];
/** Minutes from one reading to the next: in the size for CI the shape of a day at a sixth of its size. */
const EVERY = { ci: 6, full: 1 };
const MINUTES = 24 * 60;

export const cs04 = defineCheck({
  id: 'CS-04',
  title: 'Of a thousand readings only what matters is written',
  group: 'clinical',
  severity: 'M',
  level: 2,
  requirement:
    'A day of heart-rate readings leads to no more writes than the declared summaries, and both abnormal readings are in the CRM.',
  seeds: ['S4'],
  harm: 'The one pulse of 180 drowns in a day of normal ones.',
  takes: ['Observation'],
  async act(world) {
    const patient = await world.register('patient');
    await world.visit('visit', patient);
    if (!(await world.settled('arrived'))) return;
    await world.note('allowed', world.summariesPerDay + ABNORMAL.length);
    const reading = (minute: number, value: number) =>
      toObservation({
        patientRef: `Patient/${patient.ref.id}`,
        code: COMMON.heartRate,
        category: 'vital-signs',
        value: { value, unit: 'beats/minute', code: '/min' },
        range: { low: 50, high: 120 },
        effective: new Date(world.at(-1, 0) + minute * 60_000),
      });
    const every = EVERY[world.size];
    const normal = Array.from({ length: MINUTES / every }, (_, i) => reading(i * every, 60 + (i % 30)));
    await world.readings([...normal, ...ABNORMAL.map((value, i) => reading(700 + 3 * i + 1 / 2, value))]);
    await world.settled('read');
  },
  expect(facts) {
    const baseline = facts.asMapped('arrived');
    if (baseline.length > 0) return baseline;
    const writes = facts.writesSince('arrived');
    const allowed = facts.note<number>('allowed') ?? 0;
    const noise =
      writes.length > allowed
        ? [
            fail('noise', `One day of readings led to ${writes.length} writes.`, {
              expected: `at most ${allowed}`,
              actual: String(writes.length),
              evidence: writes.slice(0, 5).map(({ event }) => event),
            }),
          ]
        : [];
    return [...facts.asksOtherwise('arrived', 'read'), ...noise, ...facts.asMapped('read')];
  },
});
