import { defineCheck } from '../check.ts';

export const sv01 = defineCheck({
  id: 'SV-01',
  title: 'New elements and extensions do not disturb',
  group: 'schema',
  severity: 'M',
  level: 1,
  requirement: 'Elements, extensions and identifiers that the map does not name are ignored; what it names arrives as always.',
  seeds: ['S0'],
  harm: 'The vendor adds an extension on Thursday, and on Friday no patient is synced.',
  async act(world) {
    const patient = await world.register('patient');
    if (!(await world.settled('before'))) return;
    await world.update(patient, {
      extension: [{ url: 'http://vendor.example/StructureDefinition/favourite-colour', valueString: 'green' }],
      maritalStatus: { text: 'Married' },
      multipleBirthBoolean: false,
      telecom: world.person('other number').telecom,
    });
    await world.settled('extended');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    return baseline.length > 0 ? baseline : facts.asMapped('extended');
  },
});
