import { defineCheck } from '../check.ts';

export const id04 = defineCheck({
  id: 'ID-04',
  title: 'The same MRN at two hospitals is two people',
  group: 'identity',
  severity: 'B',
  level: 1,
  requirement:
    'Two patients of two hospitals who happen to have the same MRN are two contacts, each with the authority of its hospital.',
  seeds: ['S0', 'S1'],
  harm: "Somebody else's cancer follow-up is sent to the patient of the other hospital.",
  needs: ['two-sites'],
  async act(world) {
    const person = { ...world.person('patient'), mrn: world.sharedNumber('mrn') };
    await world.note('mrn', person.mrn);
    const patient = await world.register('patient', person);
    if (!(await world.settled('arrived'))) return;
    await world.update(patient, { telecom: world.person('other number').telecom });
    await world.settled('updated');
  },
  expect(facts) {
    const baseline = facts.asMapped('arrived');
    return baseline.length > 0 ? baseline : facts.asMapped('updated');
  },
});
