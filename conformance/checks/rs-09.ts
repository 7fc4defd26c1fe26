import { defineCheck } from '../check.ts';

/** What stands for a long absence where there is time for one. */
const WEEKEND_MS = 12_000;

export const rs09 = defineCheck({
  id: 'RS-09',
  title: 'A sync that was killed catches up by itself',
  group: 'resilience',
  severity: 'B',
  level: 2,
  requirement:
    'After a kill, a pause and a restart, everything that happened meanwhile in the EHR and in the CRM is caught up without anybody doing anything; so it is when several instances are restarted one by one, or one of them dies.',
  seeds: ['S4', 'S2'],
  harm: 'The server was rebooted on Sunday; on Monday the recall list is that of Saturday.',
  needs: ['restart'],
  alone: true,
  async act(world) {
    const known = await world.register('known before');
    const quiet = await world.register('edited in the CRM alone');
    const booked = await world.book('booked before', known);
    if (!(await world.settled('before'))) return;
    await world.subject.kill();
    await world.update(known, { telecom: world.person('number meanwhile').telecom });
    await world.cancel(booked);
    await world.book('booked meanwhile', await world.register('new meanwhile'));
    const edit = world.ownedField('crm', quiet);
    if (edit) await world.crmEdit(quiet, { [edit.field]: edit.value });
    // Over a weekend it is longer than any look back at what was edited of late.
    await world.pass(world.size === 'full' ? WEEKEND_MS : world.outageMs);
    await world.subject.revive();
    await world.settled('after');
    if (world.subject.instances === 1) return;
    // An update replaces one instance after the other, while the clinic goes on.
    const visit = await world.book('booked before the update', known);
    await Promise.all([world.subject.restartOneByOne(), world.reschedule(visit, world.at(23, 9, 45))]);
    await world.register('new during the update');
    if (!(await world.settled('updated'))) return;
    // And the machine of one of them dies: the others go on inside the same window.
    await world.subject.killFirst();
    await world.reschedule(visit, world.at(24, 9, 45));
    await world.register('new without one');
    await world.settled('without one');
    await world.subject.reviveFirst();
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    const found = facts.asMapped('after');
    if (found.length > 0 || !facts.note('record booked before the update')) return found;
    return [...facts.asMapped('updated'), ...(facts.note('record new without one') ? facts.asMapped('without one') : [])];
  },
});
