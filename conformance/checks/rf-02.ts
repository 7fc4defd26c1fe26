import { COMMON, toServiceRequest } from '#fixtures';
import { defineCheck } from '../check.ts';
import type { Handle } from '../world/world.ts';

const ENDS = ['completed', 'revoked', 'entered-in-error'];

export const rf02 = defineCheck({
  id: 'RF-02',
  title: 'Done, called off and mistaken are three ends',
  group: 'referrals',
  severity: 'M',
  level: 1,
  requirement: 'A completed referral is completed, a revoked one closed as not done, and one that was a mistake is gone.',
  seeds: ['S3'],
  harm: 'A referral that was called off counts as done: nobody asks whether the patient still needs it.',
  takes: ['ServiceRequest'],
  async act(world) {
    const patient = await world.register('patient');
    await world.visit('visit', patient);
    const order = () =>
      toServiceRequest({
        patientRef: `Patient/${patient.ref.id}`,
        code: COMMON.cardiology,
        occurrence: world.day(14),
        authored: world.day(-1),
      });
    const referrals: Handle[] = [];
    for (const status of ENDS) referrals.push(await world.chart(status, 'refer', order()));
    if (!(await world.settled('open'))) return;
    for (const [i, status] of ENDS.entries()) await world.update(referrals[i]!, { status }, 'refer');
    await world.settled('ended');
  },
  expect(facts) {
    const baseline = facts.asMapped('open');
    if (baseline.length > 0) return baseline;
    return [...facts.asksOtherwise('open', 'ended'), ...facts.asMapped('ended')];
  },
});
