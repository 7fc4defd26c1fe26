import { defineCheck, fail } from '../check.ts';

const PURPOSES = ['reminders', 'marketing'] as const;
const CHANNELS = ['sms', 'email', 'phone'] as const;
const MATRIX = PURPOSES.flatMap((purpose) => CHANNELS.map((channel) => ({ purpose, channel, name: `${purpose} by ${channel}` })));

export const cn02 = defineCheck({
  id: 'CN-02',
  title: 'Each purpose and each channel has its own decision',
  group: 'consent',
  severity: 'B',
  level: 1,
  requirement:
    'Every combination of purpose and channel is in the CRM as the EHR holds it, and a change of one changes that one alone.',
  seeds: ['S3'],
  harm: 'Reminders yes, marketing no becomes one flag: the patient gets campaigns, or misses the visit.',
  needs: ['poll'],
  maps: [{ source: 'Consent' }],
  cases: MATRIX.map(({ name }) => name),
  async act(world) {
    const patient = await world.register('patient');
    const said = { at: world.minutes(-60), method: 'web', source: 'Patient portal' } as const;
    const made = [];
    for (const [i, { purpose, channel, name }] of MATRIX.entries())
      made.push(await world.consent(name, patient, { purpose, channel, decision: i % 2 === 0 ? 'permit' : 'deny', ...said }));
    if (!(await world.settled('before'))) return;
    await world.decide(made[0]!, { decision: 'deny', at: world.minutes(-1), method: 'web', source: 'Patient portal' });
    await world.settled('after');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    const others = MATRIX.slice(1).flatMap(({ name }) =>
      facts.crmWrites(name, 'before').map(({ event }) =>
        fail('collateral-change', `The decision on ${name} was written, though another one was taken.`, {
          sub: name,
          evidence: [event],
        }),
      ),
    );
    return [...facts.asMapped('after'), ...others];
  },
});
