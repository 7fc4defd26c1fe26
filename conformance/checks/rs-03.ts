import { defineCheck, fail } from '../check.ts';

const AWAY_MS = 1_500;

export const rs03 = defineCheck({
  id: 'RS-03',
  title: 'It backs off while a server is unavailable',
  group: 'resilience',
  severity: 'M',
  level: 2,
  requirement: 'While the CRM answers 503, attempts stay within the declared waits, and the change is there afterwards.',
  seeds: ['S0'],
  harm: 'A sync that hammers a server which is coming up keeps it from coming up.',
  async act(world) {
    const person = world.person('patient');
    await world.note('first wait', world.retry.first_wait);
    const rule = { fault: 'vendor-error', params: { error: 'unavailable' }, where: { sim: 'crm', text: person.mrn } };
    await world.arm('unavailable', rule);
    await world.register('patient', person);
    // Counted from the first refusal: a message may have waited in a long queue before it led to one.
    await world.seen(() => world.hasFired('unavailable'), world.syncWindow);
    await world.pass(AWAY_MS);
    await world.heal('unavailable');
    await world.settled('after');
  },
  expect(facts) {
    const attempts = facts.hits('unavailable');
    // Full jitter is lawful: on the average half of each wait; two calls may make up one attempt.
    const bound = 4 + (4 * AWAY_MS) / (facts.note<number>('first wait') ?? 1);
    const often =
      attempts > bound
        ? [
            fail('too-often', `${attempts} attempts were made while the server was unavailable.`, {
              expected: `at most ${Math.round(bound)}`,
              actual: String(attempts),
            }),
          ]
        : [];
    return [...facts.didBite('unavailable'), ...often, ...facts.asMapped('after')];
  },
});
