import { defineCheck } from '../check.ts';

export const or01 = defineCheck({
  id: 'OR-01',
  title: 'The newer update stands when it arrives first',
  group: 'ordering',
  severity: 'B',
  level: 2,
  requirement: 'When two updates of a patient arrive in the wrong order, or are of one second, the newer one stands.',
  seeds: ['S4'],
  harm: 'The corrected number is overwritten by the mistyped one, minutes after the patient called to correct it.',
  needs: ['hl7'],
  async act(world) {
    const patient = await world.register('patient');
    if (!(await world.settled('registered'))) return;
    const where = { sim: 'hl7', tenant: world.site.name, operation: 'ADT^A08|ADT^A31', text: patient.person.mrn };
    await world.arm('reorder', { fault: 'reorder', where, times: 1 });
    const older = await world.update(patient, { telecom: world.person('older number').telecom });
    await world.update(older, { telecom: world.person('newer number').telecom });
    if (!(await world.settled('updated'))) return;
    // In their order, and so close together that most clocks of hospitals show one second for both; of several at least two do.
    const telecom = (name: string) => ({ telecom: world.person(name).telecom });
    for (const n of [1, 2, 3]) await world.update(await world.update(patient, telecom(`passing ${n}`)), telecom(`staying ${n}`));
    await world.settled('in one second');
  },
  expect(facts) {
    const baseline = facts.asMapped('registered');
    if (baseline.length > 0) return baseline;
    return [
      ...facts.didBite('reorder'),
      ...facts.arrivedInReverse('patient'),
      ...facts.asMapped('updated'),
      ...facts.asMapped('in one second'),
    ];
  },
});
