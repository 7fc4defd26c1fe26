import { defineCheck } from '../check.ts';

export const ap05 = defineCheck({
  id: 'AP-05',
  title: 'A visit goes from booked to arrived to completed',
  group: 'appointments',
  severity: 'M',
  level: 1,
  requirement:
    'The status of a visit follows the EHR forward and ends completed; a status that the map has no word for is dealt with as the map says.',
  seeds: ['S3'],
  harm: 'A patient who sits in the waiting room is called at home.',
  async act(world) {
    const patient = await world.register('patient');
    const booked = await world.book('visit', patient);
    if (!(await world.settled('booked'))) return;
    const arrived = await world.update(booked, { status: 'arrived' }, 'arrive');
    if (!(await world.settled('arrived'))) return;
    // A word that the map may not know: whatever is made of it, the visit does not go back.
    const seated = await world.update(arrived, { status: 'checked-in' }, 'arrive');
    if (!(await world.settled('checked in'))) return;
    await world.update(seated, { status: 'fulfilled' }, 'complete');
    await world.settled('completed');
  },
  expect(facts) {
    for (const mark of ['booked', 'arrived', 'checked in']) {
      const findings = facts.asMapped(mark);
      if (findings.length > 0) return findings;
    }
    return facts.asMapped('completed');
  },
});
