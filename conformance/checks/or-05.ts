import { defineCheck } from '../check.ts';
import type { PatientHandle } from '../world/world.ts';

/** The second channel comes by a clock of its own: of several patients one is met in time. */
const PATIENTS = ['patient 1', 'patient 2', 'patient 3'] as const;

/** What is read is written soon after. */
const TAKEN_UP_MS = 300;
const WRITES = 'create|upsert|update|collections|composite|bulk-upload';

export const or05 = defineCheck({
  id: 'OR-05',
  title: 'Two channels that find a new patient at once make one contact, and undo nothing of each other',
  group: 'ordering',
  severity: 'B',
  level: 3,
  requirement:
    'When the feed and the poll bring the same new patient, and both have looked for the contact before either wrote it, there is one contact at the end; and a slow write of one of them undoes nothing newer that came by the other.',
  seeds: ['S0'],
  harm: 'Message and poll cross by a tenth of a second, and the patient has two contacts, each with half of the visits.',
  needs: ['push', 'poll'],
  alone: true,
  async act(world) {
    const patients: PatientHandle[] = [];
    const race = async (name: string): Promise<number> => {
      const person = world.person(name);
      const rivals = await world.calls.holdRivals(`rivals of ${name}`, person.mrn);
      patients.push(await world.register(name, person));
      return rivals.meet();
    };
    await world.note('met', Math.max(...(await Promise.all(PATIENTS.map(race)))));
    if (!(await world.settled('after'))) return;
    // A write that is slow, and a newer change that comes by the other channel meanwhile: whoever takes it up must not be undone.
    const { name: tenant, channels } = world.site;
    const isFed = channels.read.some(({ kind }) => kind === 'hl7');
    const overtake = async (patient: PatientHandle): Promise<void> => {
      const text = patient.person.mrn;
      await world.arm(`slow write of ${patient.name}`, {
        fault: 'gate',
        params: { at: 'before-commit' },
        where: { sim: 'crm', text, operation: WRITES },
        times: 1,
      });
      await world.update(patient, { telecom: world.person(`older number of ${patient.name}`).telecom });
      await world.seen(() => world.hasFired(`slow write of ${patient.name}`), world.syncWindow);
      if (isFed) await world.arm(`unheard of ${patient.name}`, { fault: 'drop', where: { sim: 'hl7', tenant, text } });
      const newer = await world.update(patient, { telecom: world.person(`newer number of ${patient.name}`).telecom });
      await world.seen((facts) => facts.servedAt(newer.ref, `${tenant}/poll`) !== undefined, world.httpTimeout / 2);
      await world.pass(TAKEN_UP_MS);
      await world.heal(`slow write of ${patient.name}`);
    };
    await Promise.all(patients.map(overtake));
    await world.settled('overtaken');
  },
  // Who works on one patient at a time never meets a rival: that is as good, and no explored schedule.
  passes: (facts) =>
    (facts.note<number>('met') ?? 0) > 1
      ? { reason: 'raced', message: 'Two calls about the patient waited at the same time, and one contact came of them.' }
      : { reason: 'serialised', message: 'The sync never had two calls about the patient under way at once.' },
  expect: (facts) => [
    ...facts.asMapped('after'),
    ...(facts.note('rule slow write of patient 1') ? facts.asMapped('overtaken') : []),
    ...PATIENTS.flatMap((name) => facts.createdOnce(name)),
    ...facts.didBite(...PATIENTS.flatMap((name) => [`rivals of ${name} reply`, `rivals of ${name} before-commit`])),
  ],
});
