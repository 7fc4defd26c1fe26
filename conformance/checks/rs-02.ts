import { defineCheck } from '../check.ts';

export const rs02 = defineCheck({
  id: 'RS-02',
  title: 'Nothing is lost while the CRM is away',
  group: 'resilience',
  severity: 'B',
  level: 2,
  requirement:
    'After an outage of the CRM during which the EHR went on, the CRM has everything, and the hospital was not held up.',
  seeds: ['S0', 'S4'],
  harm: 'What happened during the maintenance window of the CRM is missing for good.',
  alone: true,
  async act(world) {
    const known = await world.register('known before');
    const booked = await world.book('booked before', known);
    if (!(await world.settled('before'))) return;
    await world.arm('crm', { fault: 'outage', where: { sim: 'crm' } });
    await world.update(known, { telecom: world.person('number during').telecom });
    await world.cancel(booked);
    for (const n of [1, 2, 3]) await world.book(`booked during ${n}`, await world.register(`new during ${n}`));
    await world.pass(world.outageMs);
    await world.heal('crm');
    await world.settled('after');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    return [...facts.didBite('crm'), ...facts.asMapped('after')];
  },
});
