import { defineCheck } from '../check.ts';
import { referral } from '../world/referral.ts';

export const rf01 = defineCheck({
  id: 'RF-01',
  title: 'A referral becomes one task with target and due date',
  group: 'referrals',
  severity: 'M',
  level: 1,
  requirement: 'A referral that is ordered is one open task in the CRM, with whom it goes to and by when.',
  seeds: ['S3'],
  harm: 'The patient waits for a call from cardiology that nobody was asked to make.',
  takes: ['ServiceRequest'],
  async act(world) {
    const patient = await world.register('patient');
    await world.visit('visit', patient);
    if (!(await world.settled('arrived'))) return;
    await referral(world, 'referral', patient);
    await world.settled('referred');
  },
  expect(facts) {
    const baseline = facts.asMapped('arrived');
    if (baseline.length > 0) return baseline;
    return [...facts.asksOtherwise('arrived', 'referred'), ...facts.asMapped('referred'), ...facts.createdOnce('referral')];
  },
});
