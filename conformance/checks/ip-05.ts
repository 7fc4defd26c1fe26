import { defineCheck } from '../check.ts';

/** How much longer than the subject says that it waits its call is held, in ms. */
const PATIENCE_MS = 2_000;

/**
 * The CRM takes the create and says nothing. Once the subject has given up, the CRM commits what it had taken: whoever then creates
 * anew, or asked whether the row was there before giving up, has two. Of another patient it never takes anything.
 */
export const ip05 = defineCheck({
  id: 'IP-05',
  title: 'A create that commits after the sync gave up is not made twice',
  group: 'idempotency',
  severity: 'B',
  level: 3,
  requirement:
    'When the CRM hangs on a create and commits it only after the sync hung up, or never, there is one contact at the end, and later changes go to it.',
  seeds: ['S0'],
  harm: 'On a slow evening every new patient gets a second contact, and the reminder goes to the one without a number.',
  alone: true,
  async act(world) {
    const person = world.person('patient');
    const where = { sim: 'crm', text: person.mrn, operation: 'create|upsert|update|collections|composite|bulk-upload' };
    const maxMs = world.httpTimeout + PATIENCE_MS;
    await world.arm('late', { fault: 'late-commit', params: { maxMs }, where, times: 1 });
    // One that the CRM never took: who believes that silence is a yes has nobody there.
    const unheard = world.person('unheard');
    await world.arm('never', { fault: 'hang', where: { ...where, text: unheard.mrn }, times: 1 });
    await world.register('unheard', unheard);
    const patient = await world.register('patient', person);
    await world.seen((facts) => facts.hungUpOn(world.ruleId('late')), maxMs + world.syncWindow);
    await world.heal('never');
    await world.settled('arrived');
    await world.update(patient, { telecom: world.person('other number').telecom });
    await world.settled('changed');
  },
  expect: (facts) => [
    ...facts.didBite('late'),
    ...facts.didBite('never'),
    ...facts.asMapped('arrived'),
    ...facts.createdOnce('patient'),
    ...facts.createdOnce('unheard'),
    ...facts.asMapped('changed'),
    ...facts.clientGaveUp('late'),
  ],
});
