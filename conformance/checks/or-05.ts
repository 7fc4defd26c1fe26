import { defineCheck } from '../check.ts';

/** The second channel comes by a clock of its own: of several patients one is met in time. */
const PATIENTS = ['patient 1', 'patient 2', 'patient 3'] as const;

export const or05 = defineCheck({
  id: 'OR-05',
  title: 'Two channels that find a new patient at once make one contact',
  group: 'ordering',
  severity: 'B',
  level: 3,
  requirement:
    'When the feed and the poll bring the same new patient, and both have looked for the contact before either wrote it, there is one contact at the end.',
  seeds: ['S0'],
  harm: 'Message and poll cross by a tenth of a second, and the patient has two contacts, each with half of the visits.',
  needs: ['push', 'poll'],
  alone: true,
  async act(world) {
    const race = async (name: string): Promise<number> => {
      const person = world.person(name);
      const rivals = await world.holdRivals(`rivals of ${name}`, person.mrn);
      await world.register(name, person);
      return rivals.meet();
    };
    await world.note('met', Math.max(...(await Promise.all(PATIENTS.map(race)))));
    await world.settled('after');
  },
  // Who works on one patient at a time never meets a rival: that is as good, and no explored schedule.
  passes: (facts) =>
    (facts.note<number>('met') ?? 0) > 1
      ? { reason: 'raced', message: 'Two calls about the patient waited at the same time, and one contact came of them.' }
      : { reason: 'serialised', message: 'The sync never had two calls about the patient under way at once.' },
  expect: (facts) => [
    ...facts.asMapped('after'),
    ...PATIENTS.flatMap((name) => facts.createdOnce(name)),
    ...facts.didBite(...PATIENTS.flatMap((name) => [`rivals of ${name} reply`, `rivals of ${name} before-commit`])),
  ],
});
