import { defineCheck, fail } from '../check.ts';

const LIMIT_MS = 1_200;
const MOST = 80;

export const rs05 = defineCheck({
  id: 'RS-05',
  title: 'At the limit of the CRM it slows down, and loses nothing',
  group: 'resilience',
  severity: 'M',
  level: 2,
  requirement:
    'When the CRM refuses calls because its limit is reached, the sync stops or probes slowly, and goes on without loss when the limit is lifted.',
  seeds: ['S2'],
  harm: 'The sync burns the quota of the whole clinic: at ten in the morning nobody can work in the CRM.',
  alone: true,
  async act(world) {
    await world.register('before');
    if (!(await world.settled('before'))) return;
    await world.arm('limit', { fault: 'throttle', where: { sim: 'crm' }, when: { during: LIMIT_MS } });
    for (const n of [1, 2, 3]) await world.register(`during ${n}`);
    await world.pass(LIMIT_MS);
    await world.heal('limit');
    await world.settled('after');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    const calls = facts.hits('limit');
    const often =
      calls > MOST
        ? [
            fail('too-often', `${calls} calls were made in ${LIMIT_MS / 1000} s at the limit.`, {
              expected: `at most ${MOST}`,
              actual: String(calls),
            }),
          ]
        : [];
    return [...facts.didBite('limit'), ...often, ...facts.asMapped('after')];
  },
});
