import { defineCheck } from '../check.ts';

export const rc01 = defineCheck({
  id: 'RC-01',
  title: 'What was never delivered is found by reconciling',
  group: 'resilience',
  severity: 'B',
  level: 2,
  requirement: 'Changes whose messages never came are repaired inside the reconcile window, by reading the EHR.',
  seeds: ['S2'],
  harm: 'Three lost messages are three wrong patients for ever: nobody notices, because nothing failed.',
  capabilities: ['reconciliation'],
  needs: ['hl7', 'poll'],
  async act(world) {
    const patient = await world.register('patient');
    const appointment = await world.book('appointment', patient);
    if (!(await world.settled('before'))) return;
    await world.arm('lost', { fault: 'drop', where: { sim: 'hl7', tenant: world.site.name, text: patient.person.mrn } });
    await world.update(patient, { telecom: world.person('other number').telecom });
    await world.cancel(appointment);
    await world.book('unheard of', patient);
    await world.subject.reconcile();
    await world.settled('reconciled');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    return [...facts.didBite('lost'), ...facts.reconciled(), ...facts.asMapped('reconciled')];
  },
});
