import { defineCheck } from '../check.ts';

export const cn01 = defineCheck({
  id: 'CN-01',
  title: 'An opt-out in either system is one in both',
  group: 'consent',
  severity: 'B',
  level: 1,
  requirement:
    'A patient who refuses text messages, at the desk or on the phone to the call centre, has refused them in both systems inside the window.',
  seeds: ['S3'],
  harm: 'The patient said no to one of two computers, and the other one goes on sending.',
  needs: ['poll', 'crm-back', 'write-back'],
  maps: [{ source: 'Consent', owner: 'shared' }],
  async act(world) {
    const patient = await world.register('patient');
    const before = { decision: 'permit', at: world.minutes(-90), method: 'paper', source: 'Registration form' } as const;
    const desk = await world.consent('at the desk', patient, { purpose: 'reminders', channel: 'sms', ...before });
    const call = await world.consent('on the phone', patient, { purpose: 'marketing', channel: 'sms', ...before });
    if (!(await world.settled('before'))) return;
    await world.decide(desk, { decision: 'deny', at: world.minutes(-2), method: 'paper', source: 'Front desk' });
    await world.crm.decide(call, { decision: 'deny', at: world.minutes(-1), method: 'phone', source: 'Call centre' });
    await world.settled('after');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    return [...facts.wasEdited('on the phone', 'before'), ...facts.asMapped('after')];
  },
});
