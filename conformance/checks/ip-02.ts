import { defineCheck } from '../check.ts';

export const ip02 = defineCheck({
  id: 'IP-02',
  title: 'The same content under a new control id makes nothing new',
  group: 'idempotency',
  severity: 'B',
  level: 2,
  requirement: 'A message that says again, under another control id, what is known already makes no second entity.',
  seeds: ['S0'],
  harm: 'Every saved-again appointment is a second slot, and a second reminder.',
  needs: ['hl7'],
  async act(world) {
    const patient = await world.register('patient');
    const appointment = await world.book('appointment', patient);
    if (!(await world.settled('booked'))) return;
    const again = await world.update(appointment, { status: 'booked' }, 'modify');
    await world.update(again, { status: 'booked' }, 'modify');
    await world.update(patient, { active: true });
    await world.settled('said again');
  },
  expect(facts) {
    const baseline = facts.asMapped('booked');
    if (baseline.length > 0) return baseline;
    return [...facts.asMapped('said again'), ...facts.createdOnce('patient'), ...facts.createdOnce('appointment')];
  },
});
