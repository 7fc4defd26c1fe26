import { defineCheck } from '../check.ts';

const RECORDS = Array.from({ length: 30 }, (_, n) => `appointment ${n + 1}`);
const A_PAGE = 10;

/**
 * One commit gives all records the same moment of update. Where a link sends them too, its messages are lost, so that reading
 * alone can bring them: the check is about readers.
 */
export const or07 = defineCheck({
  id: 'OR-07',
  title: 'Thirty records of one moment, over several pages, are all read',
  group: 'ordering',
  severity: 'B',
  level: 2,
  requirement:
    'Records that share one time of last update and are split over pages of a search are all taken, whatever the subject orders or resumes by.',
  seeds: ['S2 new patients not flowing'],
  harm: 'A clinic moves a whole day of appointments; the CRM hears of the first page, and calls the other patients at the old hour.',
  needs: ['poll'],
  alone: true,
  async act(world) {
    const patient = await world.register('patient');
    const where = { sim: 'hl7', tenant: world.site.name, operation: 'SIU^S12', text: patient.person.mrn };
    if (world.site.channels.read.some(({ kind }) => kind === 'hl7')) await world.arm('unheard of', { fault: 'drop', where });
    await world.pageLimit(A_PAGE);
    try {
      await world.bookAll(RECORDS, patient);
      await world.settled('booked');
    } finally {
      await world.pageLimit(0);
    }
  },
  expect: (facts) => [
    ...(facts.note('rule unheard of') ? facts.didBite('unheard of') : []),
    ...facts.wereOnPages(RECORDS),
    ...facts.asMapped('booked'),
    ...RECORDS.flatMap((name) => facts.createdOnce(name)),
  ],
});
