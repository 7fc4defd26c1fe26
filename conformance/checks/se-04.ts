import { defineCheck, fail } from '../check.ts';

export const se04 = defineCheck({
  id: 'SE-04',
  title: 'No patient data in addresses and headers',
  group: 'security',
  severity: 'B',
  level: 1,
  requirement:
    'URLs, referers and user agents hold no name or contact data of a patient; identifiers and FHIR search keys excepted.',
  seeds: ['S3', 'S0'],
  harm: 'Names of patients stand in the access logs of every proxy on the way, readable for years.',
  async act(world) {
    const patient = await world.register('patient');
    await world.book('appointment', patient);
    await world.settled('arrived');
    await world.update(patient, { telecom: world.person('other number').telecom });
    await world.settled('updated');
  },
  expect(facts) {
    const leaks = facts
      .addressesWithPeople()
      .map(({ where, word, event }) =>
        fail('phi-in-address', `${where} holds ${word}, of a patient's name or mail.`, { actual: where, evidence: [event] }),
      );
    return [...leaks.slice(0, 3), ...facts.asMapped('updated')];
  },
});
