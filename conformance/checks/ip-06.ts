import { defineCheck } from '../check.ts';

export const ip06 = defineCheck({
  id: 'IP-06',
  title: 'A kill between the write and its record leaves neither gap nor double',
  group: 'idempotency',
  severity: 'B',
  level: 2,
  requirement:
    'When the sync dies after the CRM committed its write and before it heard of it, nothing is missing and nothing is double after its restart.',
  seeds: ['S0', 'S4'],
  harm: 'Each crash at night leaves a pair of contacts for the staff to find.',
  needs: ['restart'],
  alone: true,
  async act(world) {
    const person = world.person('patient');
    const where = { sim: 'crm', text: person.mrn, operation: 'create|upsert|update|collections|composite' };
    await world.arm('hold', { fault: 'gate', params: { at: 'after-commit' }, where, times: 1 });
    await world.register('patient', person);
    const met = await world.seen(() => world.hasFired('hold'));
    await world.subject.kill();
    await world.heal('hold');
    await world.subject.revive();
    await world.note('killed while', met ? 'a committed write was unanswered' : 'nothing was held');
    await world.settled('after');
  },
  expect: (facts) => [...facts.didBite('hold'), ...facts.asMapped('after'), ...facts.createdOnce('patient')],
});
