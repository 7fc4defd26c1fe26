import { defineCheck } from '../check.ts';

export const or02 = defineCheck({
  id: 'OR-02',
  title: 'A cancellation that overtakes its booking stands',
  group: 'ordering',
  severity: 'B',
  level: 2,
  requirement: 'When the cancellation arrives before the booking, the appointment ends cancelled, once.',
  seeds: ['S4', 'S0'],
  harm: 'A cancelled appointment comes back to life, is reminded, and the patient travels for nothing.',
  needs: ['hl7'],
  async act(world) {
    const patient = await world.register('patient');
    if (!(await world.settled('registered'))) return;
    const where = { sim: 'hl7', tenant: world.site.name, operation: 'SIU^S12', text: patient.person.mrn };
    await world.arm('reorder', { fault: 'reorder', where, times: 1 });
    const appointment = await world.book('appointment', patient);
    await world.cancel(appointment);
    await world.settled('cancelled');
  },
  expect(facts) {
    const baseline = facts.asMapped('registered');
    if (baseline.length > 0) return baseline;
    return [...facts.didBite('reorder'), ...facts.arrivedInReverse('appointment'), ...facts.asMapped('cancelled')];
  },
});
