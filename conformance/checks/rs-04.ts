import { defineCheck, fail } from '../check.ts';

const PAUSE_S = 1;

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
    await world.arm('throttle', { fault: 'throttle', params: { retryAfter: PAUSE_S }, where, times: 1 });
    await world.seen(() => world.hasFired('throttle'));
    await world.update(patient, { telecom: world.person('other number').telecom });
    await world.pass(PAUSE_S * 1000);
    await world.settled('after');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    const early = facts.callsAfterHit('throttle', 'ehr', PAUSE_S * 1000);
    const found = early.slice(0, 1).map((call) =>
      fail('too-early', `${early.length} calls came before the ${PAUSE_S} s were over.`, {
        expected: 'none',
        actual: String(early.length),
        evidence: [call],
      }),
    );
    return [...facts.didBite('throttle'), ...found, ...facts.asMapped('after')];
  },
});
