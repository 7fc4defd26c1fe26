import { defineCheck } from '../check.ts';

export const dm05 = defineCheck({
  id: 'DM-05',
  title: 'Of several addresses and phones, the one in use is taken',
  group: 'demographics',
  severity: 'M',
  level: 1,
  requirement:
    'Where a chart holds several addresses or numbers, the CRM gets the one that the map names; those of the past are passed over.',
  seeds: ['S1'],
  harm: 'The reminder rings at an ex-partner.',
  async act(world) {
    const past = { period: { end: '2021-06-30' } };
    const person = world.person('moved twice');
    const [home] = person.addresses.filter((address) => !address.period?.end);
    const mobile = person.telecom.find((entry) => entry.use === 'mobile' && !entry.period?.end);
    const old = { ...home!, line: ['9 Old Lane'], city: 'Formerly', ...past };
    const gone = { ...mobile!, value: '212-555-0100', ...past };
    await world.register('moved twice', { ...person, addresses: [old, home!], telecom: [gone, ...person.telecom] });
    await world.register('never moved');
    await world.settled('arrived');
  },
  expect: (facts) => facts.asMapped('arrived'),
});
