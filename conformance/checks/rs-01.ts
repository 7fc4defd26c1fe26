import { defineCheck } from '../check.ts';

export const rs01 = defineCheck({
  id: 'RS-01',
  title: 'Nothing is lost while the EHR is away',
  group: 'resilience',
  severity: 'B',
  level: 2,
  requirement:
    'After an outage of the EHR during which patients and appointments went on changing, the CRM catches up without loss and in order.',
  seeds: ['S4'],
  harm: 'Ten minutes of maintenance leave cancelled visits standing and new patients unknown, until somebody notices by hand.',
  alone: true,
  async act(world) {
    const known = await world.register('known before');
    const booked = await world.book('booked before', known);
    if (!(await world.settled('before'))) return;
    const tenant = world.site.name;
    await world.arm('ehr', { fault: 'outage', where: { sim: 'ehr', tenant } });
    await world.arm('link', { fault: 'outage', where: { sim: 'hl7', tenant } });
    const changed = await world.update(known, { telecom: world.person('number during').telecom });
    await world.cancel(booked);
    for (const n of [1, 2, 3]) await world.book(`booked during ${n}`, await world.register(`new during ${n}`));
    await world.pass(world.outageMs);
    await world.update(changed, { telecom: world.person('number at the end').telecom });
    await world.heal('ehr');
    await world.heal('link');
    await world.settled('after');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    return [...facts.didBite('ehr', 'link'), ...facts.asMapped('after')];
  },
});
