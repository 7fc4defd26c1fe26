import { defineCheck } from '../check.ts';

export const dm05 = defineCheck({
  id: 'DM-05',
  title: 'Of several names, addresses and phones, the one in use is taken',
  group: 'demographics',
  severity: 'M',
  level: 1,
  requirement:
    'Where a chart holds several names, addresses or numbers, the CRM gets the one that the map names, wherever in the list it stands; those of the past are passed over.',
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
    const called = world.person('called otherwise');
    const [official] = called.names;
    const others = [
      { use: 'nickname' as const, given: ['Bibi'], family: official!.family },
      { use: 'maiden' as const, given: official!.given, family: `Formerly-${called.canary.name}` },
    ];
    await world.register('called otherwise', { ...called, names: [...others, official!] });
    await world.settled('arrived');
  },
  expect: (facts) => facts.asMapped('arrived'),
});
