import { COMMON } from '#fixtures';
import { defineCheck } from '../check.ts';

export const en04 = defineCheck({
  id: 'EN-04',
  title: 'The last visit never moves backwards',
  group: 'encounters',
  severity: 'B',
  level: 2,
  requirement: 'A visit that is told of after a newer one leaves the newer one the last.',
  seeds: ['S4'],
  harm: 'The note of an old visit, finished late, makes a patient look long unseen.',
  takes: ['Encounter'],
  async act(world) {
    const patient = await world.register('patient');
    if (!(await world.settled('arrived'))) return;
    await world.visit('newer', patient, 3);
    if (!(await world.settled('visited'))) return;
    await world.visit('older', patient, 60, COMMON.procedure);
    await world.settled('told late');
  },
  expect(facts) {
    const baseline = facts.asMapped('arrived');
    if (baseline.length > 0) return baseline;
    return [...facts.asksOtherwise('arrived', 'visited'), ...facts.asMapped('visited'), ...facts.asMapped('told late')];
  },
});
