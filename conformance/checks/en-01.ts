import { defineCheck } from '../check.ts';

export const en01 = defineCheck({
  id: 'EN-01',
  title: 'A finished visit becomes the last visit',
  group: 'encounters',
  severity: 'B',
  level: 1,
  requirement: 'Day, type and provider of the newest finished visit are in the CRM as the map asks.',
  seeds: ['S1'],
  harm: 'A recall campaign writes to patients who were there last week, and to nobody who was not.',
  takes: ['Encounter'],
  async act(world) {
    const patient = await world.register('patient');
    if (!(await world.settled('arrived'))) return;
    await world.visit('visit', patient);
    await world.settled('visited');
  },
  expect(facts) {
    const baseline = facts.asMapped('arrived');
    if (baseline.length > 0) return baseline;
    return [...facts.asksOtherwise('arrived', 'visited'), ...facts.asMapped('visited')];
  },
});
