import { defineCheck, fail } from '../check.ts';

const A_WHILE_MS = 1_500;

export const rc04 = defineCheck({
  id: 'RC-04',
  title: 'Reconciling what is right writes nothing',
  group: 'resilience',
  severity: 'B',
  level: 2,
  requirement: 'While nothing changes in the EHR, further rounds of polling write nothing to the CRM.',
  seeds: ['S0'],
  harm: 'Each night every contact is "changed": the change feed, the audit trail and the quota are full of nothing.',
  capabilities: ['reconciliation'],
  needs: ['poll'],
  async act(world) {
    const patient = await world.register('patient');
    await world.book('appointment', patient);
    if (!(await world.settled('clean'))) return;
    await world.pass(A_WHILE_MS);
    // Who can be told to runs it twice more.
    await world.subject.reconcile();
    await world.subject.reconcile();
    await world.settled('later');
  },
  expect(facts) {
    const baseline = facts.asMapped('clean');
    if (baseline.length > 0) return baseline;
    const writes = facts.writesSince('clean');
    const actual = String(writes.length);
    const found = writes.slice(0, 1).map(({ event }) =>
      fail('needless-write', `${actual} writes were made although nothing had changed.`, {
        expected: '0',
        actual,
        evidence: [event],
      }),
    );
    return [...facts.reconciled(), ...facts.asMapped('later'), ...found];
  },
});
