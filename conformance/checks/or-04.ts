import { defineCheck } from '../check.ts';

export const or04 = defineCheck({
  id: 'OR-04',
  title: 'The same event over two channels counts once',
  group: 'ordering',
  severity: 'B',
  level: 2,
  requirement: 'An event that is heard of by message and read by FHIR has the effect of one.',
  seeds: ['S0', 'S3'],
  harm: 'Every appointment stands twice in the calendar of the call centre.',
  needs: ['hl7', 'poll'],
  async act(world) {
    const patient = await world.register('patient');
    const appointment = await world.book('appointment', patient);
    if (!(await world.settled('booked'))) return;
    await world.reschedule(appointment, world.at(20, 11, 15));
    await world.settled('moved');
  },
  expect(facts) {
    const baseline = facts.asMapped('booked');
    if (baseline.length > 0) return baseline;
    return [...facts.asMapped('moved'), ...facts.createdOnce('patient'), ...facts.createdOnce('appointment')];
  },
});
