import { defineCheck, fail } from '../check.ts';
import { addDays, clockChanges } from '../oracle/zones.ts';

export const en02 = defineCheck({
  id: 'EN-02',
  title: 'A finished visit is followed up in time, and once',
  group: 'encounters',
  severity: 'M',
  level: 1,
  requirement:
    'A finished visit sets the follow-up within the declared hours of its end, and nothing that comes later sets it again.',
  seeds: ['S1'],
  harm: 'A patient is called three times about one visit, or never.',
  takes: ['Encounter'],
  async act(world) {
    const patient = await world.register('patient');
    if (!(await world.settled('arrived'))) return;
    await world.visit('visit', patient);
    if (!(await world.settled('visited'))) return;
    await world.note('within', world.followUpHours);
    await world.update(patient, { telecom: world.person('other number').telecom });
    await world.settled('later');
    // Hours are hours, also where the clinic's clock has changed between two of them.
    const today = world.day(0);
    const changes = clockChanges(addDays(today, -366), world.site.time_zone).filter((day) => day < today);
    for (const day of changes) {
      const daysAgo = Math.round((Date.parse(today) - Date.parse(day)) / 86_400_000) + 1;
      await world.visit(`visit before ${day}`, await world.register(`patient before ${day}`), daysAgo);
    }
    await world.settled('clocks changed');
  },
  expect(facts) {
    const baseline = facts.asMapped('arrived');
    if (baseline.length > 0) return baseline;
    const again = [...facts.summaryChanges('patient', 'Encounter', 'arrived')].flatMap(([field, changes]) =>
      changes.length > 1
        ? [
            fail('set-again', `${field} was set ${changes.length} times for one visit.`, {
              expected: '1',
              actual: String(changes.length),
              evidence: changes.map(({ event }) => event),
            }),
          ]
        : [],
    );
    const visited = facts.asMapped('visited');
    return [
      ...facts.asksOtherwise('arrived', 'visited'),
      ...visited,
      ...again,
      ...facts.asMapped('later'),
      ...facts.asMapped('clocks changed'),
    ];
  },
});
