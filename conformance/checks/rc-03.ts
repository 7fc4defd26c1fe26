import { defineCheck } from '../check.ts';

export const rc03 = defineCheck({
  id: 'RC-03',
  title: 'What was recorded by mistake is out of use, for good',
  group: 'resilience',
  severity: 'M',
  level: 2,
  requirement: 'An appointment that was entered in error is no live record of the CRM, and no late message brings it back.',
  seeds: ['S2'],
  harm: 'A patient drives to the clinic for an appointment that never was.',
  capabilities: ['deletes'],
  async act(world) {
    const patient = await world.register('patient');
    const appointment = await world.book('appointment', patient);
    if (!(await world.settled('booked'))) return;
    await world.update(appointment, { status: 'entered-in-error' }, 'delete-appointment');
    if (!(await world.settled('taken back'))) return;
    await world.link.replayFeed();
    await world.settled('told again');
  },
  expect(facts) {
    const baseline = facts.asMapped('booked');
    if (baseline.length > 0) return baseline;
    return [...facts.asksOtherwise('booked', 'taken back'), ...facts.asMapped('taken back'), ...facts.asMapped('told again')];
  },
});
