import { defineCheck } from '../check.ts';

export const ip04 = defineCheck({
  id: 'IP-04',
  title: 'A create whose answer is lost is not made twice',
  group: 'idempotency',
  severity: 'B',
  level: 2,
  requirement: 'When the CRM commits a create and the answer is lost, the retry leaves one contact.',
  seeds: ['S0'],
  harm: 'Every network glitch leaves a second contact, and nobody knows which one the next update goes to.',
  async act(world) {
    const person = world.person('patient');
    const where = { sim: 'crm', text: person.mrn, operation: 'create|upsert|update|collections|composite|bulk-upload' };
    await world.arm('lost', { fault: 'lost-reply', where, times: 1 });
    await world.register('patient', person);
    await world.settled('arrived');
  },
  expect: (facts) => [...facts.didBite('lost'), ...facts.asMapped('arrived'), ...facts.createdOnce('patient')],
});
