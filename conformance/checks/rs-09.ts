import { defineCheck } from '../check.ts';

export const rs09 = defineCheck({
  id: 'RS-09',
  title: 'A sync that was killed catches up by itself',
  group: 'resilience',
  severity: 'B',
  level: 2,
  requirement:
    'After a kill, a pause and a restart, everything that happened meanwhile in the EHR and in the CRM is caught up without anybody doing anything.',
  seeds: ['S4', 'S2'],
  harm: 'The server was rebooted on Sunday; on Monday the recall list is that of Saturday.',
  needs: ['restart'],
  alone: true,
  async act(world) {
    const known = await world.register('known before');
    const quiet = await world.register('edited in the CRM alone');
    const booked = await world.book('booked before', known);
    if (!(await world.settled('before'))) return;
    await world.kill();
    await world.update(known, { telecom: world.person('number meanwhile').telecom });
    await world.cancel(booked);
    await world.book('booked meanwhile', await world.register('new meanwhile'));
    const edit = world.ownedField('crm', quiet);
    if (edit) await world.crmEdit(quiet, { [edit.field]: edit.value });
    await world.pass(world.outageMs);
    await world.revive();
    await world.settled('after');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    return baseline.length > 0 ? baseline : facts.asMapped('after');
  },
});
