import { COMMON, toServiceRequest } from '#fixtures';
import { defineCheck, fail } from '../check.ts';

export const rf03 = defineCheck({
  id: 'RF-03',
  title: 'A referral that is overdue stays in sight',
  group: 'referrals',
  severity: 'm',
  level: 1,
  requirement: 'A referral whose day has passed without a result is still open in the CRM, with its day.',
  seeds: ['S3'],
  harm: "The lump that was to be looked at in March is nobody's task in June.",
  takes: ['ServiceRequest'],
  async act(world) {
    const patient = await world.register('patient');
    await world.visit('visit', patient, 50);
    if (!(await world.settled('arrived'))) return;
    const due = world.day(-20);
    await world.chart(
      'referral',
      'refer',
      toServiceRequest({
        patientRef: `Patient/${patient.ref.id}`,
        code: COMMON.cardiology,
        occurrence: due,
        authored: world.day(-49),
      }),
    );
    await world.settled('overdue');
  },
  expect(facts) {
    const baseline = facts.asMapped('arrived');
    if (baseline.length > 0) return baseline;
    const open = facts.liveRows('ServiceRequest', 'overdue').length;
    const lost =
      open === 1
        ? []
        : [fail('out-of-sight', 'The overdue referral is no live row of the CRM.', { expected: '1', actual: String(open) })];
    return [...facts.asksOtherwise('arrived', 'overdue'), ...lost, ...facts.asMapped('overdue')];
  },
});
