import { defineCheck } from '../check.ts';

export const ap01 = defineCheck({
  id: 'AP-01',
  title: 'A booked appointment arrives, linked to its patient',
  group: 'appointments',
  severity: 'B',
  level: 1,
  requirement:
    'An appointment booked for an existing patient is one CRM record, linked to the right contact, with every mapped field.',
  seeds: ['S2 test 2'],
  harm: 'No reminder is sent, or it goes to somebody else.',
  goLive: true,
  async act(world) {
    const patient = await world.register('patient');
    if (!(await world.settled('registered'))) return;
    await world.book('appointment', patient);
    await world.book('second appointment', patient, { minutes: 45 });
    await world.settled('booked');
  },
  expect(facts) {
    const baseline = facts.asMapped('registered');
    return baseline.length > 0 ? baseline : facts.asMapped('booked');
  },
});
