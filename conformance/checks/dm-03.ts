import { defineCheck } from '../check.ts';

export const dm03 = defineCheck({
  id: 'DM-03',
  title: 'What is removed in the EHR is removed in the CRM',
  group: 'demographics',
  severity: 'M',
  level: 1,
  requirement: 'An element that is removed from the chart is cleared, or kept, in the CRM as the map says; it does not go stale.',
  seeds: ['S0'],
  harm: 'A letter about a test result goes to the address that a patient asked to have removed.',
  async act(world) {
    const patient = await world.register('patient');
    if (!(await world.settled('before'))) return;
    await world.update(patient, { address: null, telecom: null });
    await world.settled('removed');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    return baseline.length > 0 ? baseline : facts.asMapped('removed');
  },
});
