import { defineCheck } from '../check.ts';

export const dm01 = defineCheck({
  id: 'DM-01',
  title: 'Every mapped field arrives as the map says',
  group: 'demographics',
  severity: 'B',
  level: 1,
  requirement: 'For a patient with every mapped element filled, each CRM field equals what the data map asks for.',
  seeds: ['S2 test 1'],
  harm: 'Letters go to old addresses, calls to wrong numbers, recalls to the wrong age group.',
  goLive: true,
  async act(world) {
    const gender = world.random.pick(['female', 'male', 'other', 'unknown'] as const);
    await world.register('fully filled', { ...world.person('fully filled'), gender, active: true });
    // The old entries must be passed over: the map takes what is in use today.
    const moved = world.person('moved house');
    const old = {
      use: 'home' as const,
      line: ['1 Former Road'],
      city: 'Oldtown',
      state: 'OH',
      postalCode: '44101',
      country: 'US',
      period: { end: '2020-01-31' },
    };
    await world.register('moved house', {
      ...moved,
      addresses: [old, ...moved.addresses.filter((address) => !address.period?.end)],
    });
    await world.register('born on a leap day', { ...world.person('born on a leap day'), birthDate: '1960-02-29' });
    // As they are spelled, and with the zero in front: neither is a slip that somebody has to mend.
    const boston = world.person('spelled her own way');
    const [home, ...elsewhere] = boston.addresses.filter((address) => !address.period?.end);
    await world.register('spelled her own way', {
      ...boston,
      names: [{ use: 'official', given: ['DeShawn'], family: `McKenna de la ${boston.canary.name}` }],
      addresses: [{ ...home!, city: 'Boston', state: 'MA', postalCode: '02134' }, ...elsewhere],
    });
    await world.register('has died', { ...world.person('has died'), deceased: `${world.day(-3)}T10:30:00Z` });
    // Many at once that a small run need not see; what long texts, forms of numbers and codes do has checks of its own.
    if (world.size === 'full') await world.registerEdges('at the edge');
    await world.settled('arrived');
  },
  expect: (facts) => facts.asMapped('arrived'),
});
