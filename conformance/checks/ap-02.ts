import { defineCheck } from '../check.ts';

export const ap02 = defineCheck({
  id: 'AP-02',
  title: 'A cancelled appointment is cancelled in the CRM',
  group: 'appointments',
  severity: 'B',
  level: 1,
  requirement: 'The cancellation of an appointment reaches the CRM inside the sync window.',
  seeds: ['S2 test 3'],
  harm: 'A patient is reminded of an MRI that was cancelled, and comes.',
  goLive: true,
  async act(world) {
    const patient = await world.register('patient');
    const appointment = await world.book('appointment', patient);
    if (!(await world.settled('booked'))) return;
    await world.cancel(appointment);
    await world.settled('cancelled');
  },
  expect(facts) {
    const baseline = facts.asMapped('booked');
    return baseline.length > 0 ? baseline : facts.asMapped('cancelled');
  },
});
