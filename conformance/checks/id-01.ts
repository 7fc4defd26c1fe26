import { defineCheck } from '../check.ts';

export const id01 = defineCheck({
  id: 'ID-01',
  title: 'A new patient becomes one contact',
  group: 'identity',
  severity: 'B',
  level: 1,
  requirement: 'A patient registered in the EHR appears in the CRM exactly once, linked by its MRN, inside the sync window.',
  seeds: ['S2 test 1', 'S0'],
  harm: 'A patient who is not in the CRM gets no reminder and no recall; one who is there twice gets both halves of a wrong picture.',
  goLive: true,
  async act(world) {
    await world.register('new patient');
    await world.register('added without a visit', undefined, 'add');
    await world.settled('arrived');
  },
  expect: (facts) => facts.asMapped('arrived'),
});
