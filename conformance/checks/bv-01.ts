import { defineCheck } from '../check.ts';

export const PEOPLE = 50;

export const bv01 = defineCheck({
  id: 'BV-01',
  title: 'Fifty patients and fifty appointments at once',
  group: 'volume',
  severity: 'B',
  level: 1,
  requirement: 'Fifty patients and fifty appointments created at the same time are all in the CRM, right, once.',
  seeds: ['S2 test 5'],
  harm: 'On a Monday morning some of the new patients are missing, and nobody can say which.',
  goLive: true,
  alone: true,
  async act(world) {
    await world.crowd(PEOPLE);
    await world.settled('arrived');
  },
  expect: (facts) => facts.asMapped('arrived'),
});
