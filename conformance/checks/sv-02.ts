import { defineCheck } from '../check.ts';
import { CALM } from '../facts/alert-facts.ts';
import { FIVE_MINUTES_PLAYED } from '../manifest/read-channels.ts';

const PATIENTS = ['first', 'second', 'third', 'fourth'];
const LONGEST_MS = 10_000;

/** What the vendor's next release does to an element of every patient. */
const UPDATES = [
  { name: 'renamed', fault: 'element-renamed', element: 'telecom', params: { to: 'contactPoint' } },
  { name: 'removed', fault: 'element-removed', element: 'address', params: {} },
];

export const sv02 = defineCheck({
  id: 'SV-02',
  title: 'An element that is gone after an update of the EHR blanks nothing, and is missed aloud',
  group: 'schema',
  severity: 'B',
  level: 2,
  requirement:
    'When an update of the EHR renames or removes an element that the map takes from, what the CRM holds of it stays, and somebody is told.',
  seeds: ['S0'],
  harm: "After the vendor's release night no patient has a telephone number any more, and the first to notice is the call centre.",
  needs: ['poll'],
  maps: UPDATES.map(({ element }) => ({ source: 'Patient', path: `.${element}` })),
  alone: true,
  async act(world) {
    await world.subject.watch(CALM);
    const patients = await Promise.all(PATIENTS.map((name) => world.register(name)));
    if (!(await world.settled('before'))) return;
    await world.subject.watched(CALM);
    for (const { name, fault, element, params } of UPDATES) {
      await world.subject.watch(name);
      const where = { sim: 'ehr', tenant: world.site.name };
      await world.arm(name, { fault, params: { type: 'Patient', element, ...params }, where });
      // Something that the map takes nothing from, so that whoever reads what is new reads these charts.
      for (const patient of patients) await world.update(patient, { maritalStatus: { text: `${name} since` } });
      await world.pass(FIVE_MINUTES_PLAYED + Math.min(4 * world.pollInterval + world.retry.max_wait, LONGEST_MS));
      await world.settled(name);
      await world.subject.watched(name);
      await world.heal(name);
    }
    for (const patient of patients) await world.update(patient, { telecom: world.person(`other ${patient.name}`).telecom });
    await world.settled('after');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    const lost = UPDATES.flatMap(({ name }) => [...facts.didBite(name), ...facts.asMapped(name)]);
    const unsaid = UPDATES.flatMap(({ name, element, params }) => {
      const words = [element, ...Object.values(params), ...facts.mappedFields('first', `.${element}`)];
      return facts.alerts.raised(name, new RegExp(words.join('|'), 'i'), `no chart shows ${element} any more`);
    });
    return [...lost, ...unsaid, ...facts.asMapped('after')];
  },
});
