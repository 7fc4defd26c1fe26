import { defineCheck, fail } from '../check.ts';

const PEOPLE = ['first', 'second', 'third'] as const;

/** How many sync windows a round of a load may take. */
const ROUND_WINDOWS = 5;

/** What a load asks the EHR for: charts one by one, or files of an export. */
const LOADS = 'read|search|export-file';

/**
 * One answer of the load about some of these people (who loads round by round begins no new one meanwhile) is kept back on its
 * way, with what the chart said then, until the subject has heard of a change by message and brought it to the CRM; then it
 * arrives.
 */
export const bv03 = defineCheck({
  id: 'BV-03',
  title: 'A load that is under way does not overwrite what changed meanwhile',
  group: 'volume',
  severity: 'B',
  level: 3,
  requirement:
    'What a backfill has read before a change, and delivers after it, never takes the place of the change that came live in between.',
  seeds: ['S0'],
  harm: 'The nightly load brings back the telephone number that the patient corrected at the desk that evening.',
  capabilities: ['backfill'],
  needs: ['hl7', 'api'],
  maps: [{ source: 'Patient', path: 'telecom' }],
  alone: true,
  cases: PEOPLE,
  async act(world) {
    const patients = [];
    for (const name of PEOPLE) patients.push(await world.register(name));
    // A load is on its way again all the time; nothing has to come to rest for that.
    await world.mapped(2 * world.syncWindow);
    for (const [i, name] of PEOPLE.entries()) {
      const where = { sim: 'ehr', tenant: world.site.name, operation: LOADS, person: patients[i]!.person.mrn };
      await world.arm(`load of the ${name}`, { fault: 'gate', params: { at: 'reply' }, where, times: 1 });
    }
    // A round of a load comes to these people when it comes to them: the more were loaded before, the later.
    await world.seen(() => PEOPLE.some((name) => world.hasFired(`load of the ${name}`)), ROUND_WINDOWS * world.syncWindow);
    for (const [i, name] of PEOPLE.entries())
      await world.update(patients[i]!, { telecom: world.person(`newer number of the ${name}`).telecom });
    await world.mapped(world.syncWindow);
    for (const name of PEOPLE) await world.heal(`load of the ${name}`);
    await world.settled('arrived');
  },
  expect(facts) {
    const fields = facts.mappedFields('first', 'telecom');
    const undone = PEOPLE.flatMap((name) => {
      const back = facts.wentBack(name, fields);
      return back.slice(0, 1).map(({ field, event }) =>
        fail('overwritten', `A change that had come to the CRM was undone by what the load had read before it (${field}).`, {
          sub: name,
          evidence: [event],
        }),
      );
    });
    const found = facts.asMapped('arrived');
    if (found.some(({ verdict }) => verdict === 'untestable')) return found;
    return [...undone, ...found, ...facts.didBite(...PEOPLE.map((name) => `load of the ${name}`))];
  },
});
