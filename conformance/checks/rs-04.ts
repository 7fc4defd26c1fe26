import { defineCheck, fail } from '../check.ts';

/** Longer than a round of polling takes, or whoever merely goes on with the next round waits enough; within reason. */
const MORE_S = 1;
const LONGEST_S = 10;

export const rs04 = defineCheck({
  id: 'RS-04',
  title: 'It waits as long as it is asked to',
  group: 'resilience',
  severity: 'M',
  level: 2,
  requirement: 'After a 429 with Retry-After, the next call to that server comes no earlier than asked.',
  seeds: ['S0'],
  harm: 'The hospital throttles, then blocks the integration, for all patients.',
  needs: ['poll'],
  alone: true,
  async act(world) {
    const patient = await world.register('patient');
    if (!(await world.settled('before'))) return;
    const where = { sim: 'ehr', tenant: world.site.name, method: 'GET' };
    const pause = Math.min(Math.ceil(world.pollInterval / 1000) + MORE_S, LONGEST_S);
    await world.note('pause', pause);
    await world.arm('throttle', { fault: 'throttle', params: { retryAfter: pause }, where, times: 1 });
    await world.seen(() => world.hasFired('throttle'));
    await world.update(patient, { telecom: world.person('other number').telecom });
    await world.pass(pause * 1000);
    await world.settled('after');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    const pause = facts.note<number>('pause') ?? MORE_S;
    const early = facts.callsAfterHit('throttle', 'ehr', pause * 1000);
    const found = early.slice(0, 1).map((call) =>
      fail('too-early', `${early.length} calls came before the ${pause} s were over.`, {
        expected: 'none',
        actual: String(early.length),
        evidence: [call],
      }),
    );
    return [...facts.didBite('throttle'), ...found, ...facts.asMapped('after')];
  },
});
