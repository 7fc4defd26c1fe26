import { defineCheck, fail, untestable } from '../check.ts';

const PEOPLE = ['first', 'second', 'third'];

export const cn03 = defineCheck({
  id: 'CN-03',
  title: 'Who revoked while a campaign was read gets nothing once the window has passed',
  group: 'consent',
  severity: 'B',
  level: 3,
  requirement:
    'A consent that is revoked in the EHR while a campaign reads its people stops every message to that patient that goes out after the sync window.',
  seeds: ['S3', 'S4'],
  harm: 'The patient revoked on Monday, and the second wave of the campaign on Wednesday reaches them all the same.',
  needs: ['poll'],
  maps: [{ source: 'Patient' }, { source: 'Consent' }],
  async act(world) {
    const given = {
      purpose: 'marketing',
      channel: 'sms',
      decision: 'permit',
      at: world.minutes(-60),
      method: 'web',
      source: 'Portal',
    } as const;
    const consents = [];
    for (const name of PEOPLE) consents.push(await world.consent(`${name} consent`, await world.register(name), given));
    if (!(await world.settled('before'))) return;
    const revoked = world.decide(consents[1]!, { decision: 'deny', at: world.minutes(-1), method: 'web', source: 'Portal' });
    await Promise.all([world.crm.reachOut('first wave', 'marketing', 'sms'), revoked]);
    await world.settled('after');
    await world.crm.reachOut('second wave', 'marketing', 'sms');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    const sent = facts.crm.messagesAbout('second', 'second wave').map(({ text, event }) =>
      fail('sent-after-revocation', 'The campaign wrote to a patient whose revocation was older than the sync window.', {
        expected: 'no message',
        actual: text,
        evidence: [event],
      }),
    );
    const isQuiet = ['first', 'third'].some((name) => facts.crm.messagesAbout(name, 'second wave').length === 0);
    const found = [...sent, ...facts.asMapped('after')];
    if (found.length > 0 || !isQuiet) return found;
    return [untestable('did-not-bite', 'The campaign did not write to those who consent either.')];
  },
});
