import { defineCheck, fail } from '../check.ts';

const AWAY_MS = 1_500;
/** Who says that it waits at most so long is watched until it has had to come back several times, within reason. */
const LONGEST_MS = 10_000;
const ROUNDS = 5;
/** How much longer a wait may be than the longest that was declared: the attempt itself takes time, too. */
const SLACK = 1.5;

export const rs03 = defineCheck({
  id: 'RS-03',
  title: 'It backs off while a server is unavailable',
  group: 'resilience',
  severity: 'M',
  level: 2,
  requirement:
    'While the CRM answers 503, attempts stay within the declared waits, the shortest and the longest, and the change is there afterwards.',
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
    await world.note('longest wait', world.retry.max_wait);
    await world.pass(Math.max(AWAY_MS, Math.min(ROUNDS * world.retry.max_wait, LONGEST_MS)));
    await world.note('back', true);
    await world.heal('unavailable');
    await world.settled('after');
  },
  expect(facts) {
    const times = facts.hitTimes('unavailable');
    const attempts = times.filter((ms) => ms <= times[0]! + AWAY_MS).length;
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
    const longest = facts.note<number>('longest wait') ?? LONGEST_MS;
    const gaps = [...times, facts.notedAt('back')].map((ms, i, all) => ms - (all[i - 1] ?? ms));
    const gap = Math.round(Math.max(...gaps));
    const seldom =
      ROUNDS * longest <= LONGEST_MS && gap > SLACK * longest
        ? [
            fail('too-seldom', `It let ${gap} ms pass between two attempts: after an outage of hours it stays away for hours.`, {
              expected: `at most ${longest} ms`,
              actual: `${gap} ms`,
            }),
          ]
        : [];
    return [...facts.didBite('unavailable'), ...often, ...seldom, ...facts.asMapped('after')];
  },
});
