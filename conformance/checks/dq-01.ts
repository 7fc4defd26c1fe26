import { defineCheck } from '../check.ts';

// Elsewhere phones are compared as numbers; here it is the form that counts. What follows the digits is the extension.
const E164 = /^\+[1-9]\d{6,14}(\D.*)?$/;

const SPELLINGS = ['(212) 555-0141', '212.555.0142 x9', '+1 212 555 0143', '2125550144', '1-212-555-0145', '+44 20 7946 0958'];

export const dq01 = defineCheck({
  id: 'DQ-01',
  title: 'Phone numbers in any spelling become one form',
  group: 'quality',
  severity: 'B',
  level: 1,
  requirement: 'Phone numbers in any usual spelling arrive in the form that the map asks for; an extension is kept.',
  seeds: ['S0'],
  harm: 'The dialler skips every number that it cannot read.',
  cases: SPELLINGS.map((value) => `phone ${value}`),
  async act(world) {
    for (const value of SPELLINGS) {
      const person = world.person(`phone ${value}`);
      const mail = person.telecom.filter((entry) => entry.system === 'email');
      await world.register(`phone ${value}`, { ...person, telecom: [{ system: 'phone', use: 'mobile', value }, ...mail] });
    }
    await world.settled('arrived');
  },
  expect: (facts) => [
    ...facts.asMapped('arrived'),
    ...SPELLINGS.flatMap((value) => facts.inForm(`phone ${value}`, 'arrived', 'e164', E164)),
  ],
});
