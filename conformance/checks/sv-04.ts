import { defineCheck, fail } from '../check.ts';

/** Calls beyond one a poll that are still no storm. */
const STORM = 20;

export const sv04 = defineCheck({
  id: 'SV-04',
  title: 'What an EHR does not serve is done without',
  group: 'schema',
  severity: 'M',
  level: 2,
  requirement:
    'When the EHR refuses a resource, what comes from the others still arrives, and the refused call is not made in a storm.',
  seeds: ['S4'],
  harm: 'One missing resource of one hospital stops the telephone numbers of all its patients.',
  takes: ['Encounter'],
  needs: ['poll'],
  async act(world) {
    const patient = await world.register('patient');
    await world.visit('visit', patient);
    if (!(await world.settled('arrived'))) return;
    const where = { sim: 'ehr', tenant: world.site.name, type: 'Encounter', text: patient.ref.id };
    await world.arm('refused', { fault: 'vendor-error', params: { error: 'forbidden' }, where });
    await world.seen(() => world.hasFired('refused'), world.syncWindow);
    await world.update(patient, { telecom: world.person('other number').telecom });
    await world.note('polls', Math.ceil((2 * world.syncWindow) / Math.max(world.pollInterval, 100)) + STORM);
    await world.settled('without');
  },
  expect(facts) {
    const baseline = facts.asMapped('arrived');
    if (baseline.length > 0) return baseline;
    const [hits, allowed] = [facts.hits('refused'), facts.note<number>('polls') ?? 0];
    const storm =
      hits > allowed
        ? [fail('storm', `The refused call was made ${hits} times.`, { expected: `at most ${allowed}`, actual: String(hits) })]
        : [];
    return [...facts.didBite('refused'), ...storm, ...facts.asMapped('without')];
  },
});
