import { defineCheck } from '../check.ts';
import { referral } from '../world/referral.ts';

export const id05 = defineCheck({
  id: 'ID-05',
  title: 'A merge moves everything to the survivor',
  group: 'identity',
  severity: 'B',
  level: 2,
  requirement:
    'When two charts are merged, the surviving contact owns the appointments of both, and the retired one is no longer live.',
  seeds: ['S3'],
  harm: "Half of the patient's visits stay with a chart that nobody opens any more.",
  capabilities: ['identity', 'merges'],
  async act(world) {
    const survivor = await world.register('survivor');
    const loser = await world.register('loser');
    await world.book('visit of the survivor', survivor);
    await world.book('visit of the loser', loser);
    const decision = { decision: 'deny', at: world.minutes(-90), method: 'paper', source: 'Registration form' } as const;
    await world.consent('consent of the loser', loser, { purpose: 'marketing', channel: 'sms', ...decision });
    await world.visit('last visit of the loser', loser);
    await referral(world, 'referral of the loser', loser);
    if (!(await world.settled('before'))) return;
    await world.merge(loser, survivor);
    await world.settled('merged');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    return baseline.length > 0 ? baseline : facts.asMapped('merged');
  },
});
