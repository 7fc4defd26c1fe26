import { defineCheck } from '../check.ts';
import { CALM } from '../facts/alert-facts.ts';
import type { PatientHandle } from '../world/world.ts';

const REFUSED = ['refused 1', 'refused 2'];
const WAITING = ['waiting 1', 'waiting 2', 'waiting 3'];
const LONGEST_MS = 10_000;

export const rs10 = defineCheck({
  id: 'RS-10',
  title: 'What failed and what waits can be counted from outside',
  group: 'resilience',
  severity: 'M',
  level: 2,
  requirement:
    'Items that the CRM refuses, and items that wait for it, can be counted by an operator without reading the database of the sync: by a hook, in its output, or as tasks in the CRM.',
  seeds: ['S2 silent for two months', 'S4 alerts'],
  harm: 'Two patients in a hundred have not been synced for two months; the lamp on the wall was green all the time.',
  capabilities: ['monitoring'],
  alone: true,
  async act(world) {
    await world.subject.watch(CALM);
    await world.register('before');
    if (!(await world.settled('before'))) return;
    await world.subject.watched(CALM);
    const wait = Math.min(world.retry.max_wait, LONGEST_MS);
    await world.subject.watch('refused');
    const refused: PatientHandle[] = [];
    for (const name of REFUSED) {
      const person = world.person(name);
      const where = { sim: 'crm', text: person.mrn };
      await world.arm(name, { fault: 'vendor-error', params: { error: 'invalid' }, where });
      refused.push(await world.register(name, person));
    }
    await world.seen(() => REFUSED.every((name) => world.hasFired(name)), world.syncWindow);
    await world.pass(wait);
    await world.subject.watched('refused');
    await world.subject.watch('waiting');
    await world.arm('away', { fault: 'outage', where: { sim: 'crm' } });
    for (const name of WAITING) await world.register(name);
    await world.pass(world.outageMs + wait);
    await world.subject.watched('waiting');
    for (const name of ['away', ...REFUSED]) await world.heal(name);
    // What was refused for its content is written with the next change.
    for (const patient of refused) await world.update(patient, { telecom: world.person(`other ${patient.name}`).telecom });
    await world.settled('after');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    const unbitten = [...REFUSED.flatMap((name) => facts.didBite(name)), ...facts.didBite('away')];
    if (unbitten.length > 0) return unbitten;
    return [
      ...facts.alerts.counted('refused', REFUSED.length, `The CRM refused what was written about ${REFUSED.length} patients`),
      ...facts.alerts.counted('waiting', WAITING.length, `${WAITING.length} patients waited for the CRM`),
      ...facts.asMapped('after'),
    ];
  },
});
