import { defineCheck } from '../check.ts';

export const hl05 = defineCheck({
  id: 'HL-05',
  title: 'Escapes and delimiters are decoded exactly',
  group: 'hl7v2',
  severity: 'M',
  level: 1,
  requirement: 'Values that hold delimiters, escapes and repetitions arrive in the CRM character for character.',
  seeds: ['S0'],
  harm: 'An ampersand in a street cuts the address, and the letter comes back.',
  needs: ['hl7'],
  async act(world) {
    const person = world.person('odd characters');
    const [home] = person.addresses.filter((address) => !address.period?.end);
    const addresses = [{ ...home!, line: ['Unit 3|4, ^Tower~ & Sons\\Co'], city: 'A&B' }];
    await world.register('odd characters', { ...person, addresses });
    await world.settled('arrived');
  },
  expect: (facts) => facts.asMapped('arrived'),
});
