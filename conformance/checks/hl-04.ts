import { defineCheck } from '../check.ts';

/** What may happen to a frame on its way, each to one person's message; a whole one has to be taken at the first attempt. */
const FRAMES: { name: string; fault: string; params?: Record<string, unknown>; whole?: boolean }[] = [
  { name: 'byte by byte', fault: 'split-frame', params: { size: 1 }, whole: true },
  { name: 'end in another packet', fault: 'split-frame', params: { at: '-1' }, whole: true },
  { name: 'junk before the start', fault: 'junk-between', whole: true },
  { name: 'begun, cut off and begun again', fault: 'cut-by-next' },
  { name: 'after a frame that broke off', fault: 'cut-off' },
];

export const hl04 = defineCheck({
  id: 'HL-04',
  title: 'Frames in any shape are put together again',
  group: 'hl7v2',
  severity: 'M',
  level: 1,
  requirement:
    'Messages whose frames come byte by byte, in pieces, after junk or after one that broke off are each taken once, and the next frame is read.',
  seeds: ['S0'],
  harm: 'A slow line cuts messages in two, and half of the admissions of the night are missing.',
  needs: ['hl7'],
  cases: FRAMES.map(({ name }) => name),
  async act(world) {
    for (const { name, fault, params, whole } of FRAMES) {
      const person = world.person(name);
      const where = { sim: 'hl7', tenant: world.site.name, operation: 'ADT^A04', text: person.mrn };
      await world.arm(name, { fault, params: { ...params, ...(whole && { answerMs: world.ackWait }) }, where, times: 1 });
      await world.register(name, person);
    }
    await world.settled('arrived');
  },
  expect: (facts) => [
    ...FRAMES.flatMap(({ name }) => facts.didBite(name)),
    ...FRAMES.filter(({ whole }) => whole).flatMap(({ name }) => facts.wasTakenAtOnce(name)),
    ...facts.asMapped('arrived'),
    ...FRAMES.flatMap(({ name }) => facts.createdOnce(name)),
  ],
});
