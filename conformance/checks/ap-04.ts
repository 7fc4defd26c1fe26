import { defineCheck } from '../check.ts';

export const ap04 = defineCheck({
  id: 'AP-04',
  title: 'A no-show is a no-show',
  group: 'appointments',
  severity: 'M',
  level: 1,
  requirement: 'An appointment that the patient missed has that status in the CRM, and not that of a completed one.',
  seeds: ['S2', 'S3'],
  harm: 'Nobody calls the patient who did not come.',
  async act(world) {
    const patient = await world.register('patient');
    const appointment = await world.book('appointment', patient);
    if (!(await world.settled('booked'))) return;
    await world.update(appointment, { status: 'noshow' }, 'no-show');
    await world.settled('missed');
  },
  expect(facts) {
    const baseline = facts.asMapped('booked');
    return baseline.length > 0 ? baseline : facts.asMapped('missed');
  },
});
