import { defineCheck, fail } from '../check.ts';

/** A practice of one doctor; for a certificate, one of ten. */
const COUNT = { ci: 1_000, full: 10_000 };

export const bv02 = defineCheck({
  id: 'BV-02',
  title: 'A whole practice is loaded',
  group: 'volume',
  severity: 'B',
  level: 2,
  requirement:
    'An initial load of a thousand patients and their appointments (ten thousand for a certificate) leaves exactly one right record for each.',
  seeds: ['S4'],
  harm: 'Of the first load three in a thousand are missing, and nobody ever counts.',
  alone: true,
  leaves: COUNT,
  async act(world) {
    await world.note('count', await world.crowd(COUNT[world.size]));
    await world.settled('loaded');
  },
  expect(facts) {
    const [people, visits] = [facts.liveRows('Patient', 'loaded').length, facts.liveRows('Appointment', 'loaded').length];
    const count = facts.note<number>('count') ?? 0;
    const counted =
      people === count && visits >= count
        ? []
        : [
            fail('count', `${people} people and ${visits} appointments are live in the CRM.`, {
              expected: `${count} and ${count}`,
              actual: `${people} and ${visits}`,
            }),
          ];
    const mapped = facts.asMapped('loaded');
    return mapped.length > 0 ? mapped : counted;
  },
});
