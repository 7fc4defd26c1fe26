import { defineCheck, fail } from '../check.ts';

// A practice at four tenths of its size: more people show nothing else, and each costs every run its time.
const COUNT = 400;

export const bv02 = defineCheck({
  id: 'BV-02',
  title: 'A whole practice is loaded',
  group: 'volume',
  severity: 'B',
  level: 2,
  requirement: 'An initial load of some hundred patients and appointments leaves exactly one right record for each.',
  seeds: ['S4'],
  harm: 'Of the first load three in a thousand are missing, and nobody ever counts.',
  alone: true,
  async act(world) {
    await world.crowd(COUNT);
    await world.settled('loaded');
  },
  expect(facts) {
    const [people, visits] = [facts.liveRows('Patient', 'loaded').length, facts.liveRows('Appointment', 'loaded').length];
    const counted =
      people === COUNT && visits >= COUNT
        ? []
        : [
            fail('count', `${people} people and ${visits} appointments are live in the CRM.`, {
              expected: `${COUNT} and ${COUNT}`,
              actual: `${people} and ${visits}`,
            }),
          ];
    const mapped = facts.asMapped('loaded');
    return mapped.length > 0 ? mapped : counted;
  },
});
