import { defineCheck } from '../check.ts';

const COUNT = 10;
const HELD = 3;

export const ip07 = defineCheck({
  id: 'IP-07',
  title: 'When one of ten writes fails, the other nine stand and the one is tried again',
  group: 'idempotency',
  severity: 'M',
  level: 2,
  requirement:
    'Ten appointments are written, in one call or one by one, and the CRM refuses one whose patient is locked: it is tried again, alone or with the rest under safe keys.',
  seeds: ['S0'],
  harm: 'A retried batch books nine visits twice, or the one that failed is never heard of again.',
  capabilities: ['batches'],
  maps: [{ source: 'Patient' }, { source: 'Appointment' }],
  alone: true,
  async act(world) {
    const numbers = Array.from({ length: COUNT }, (_, i) => i + 1);
    const people = await Promise.all(numbers.map((n) => world.register(`patient ${n}`)));
    if (!(await world.settled('registered'))) return;
    await world.crm.hold('nightly flow', people[HELD - 1]!);
    await Promise.all(people.map((patient, i) => world.book(`visit ${i + 1}`, patient)));
    await world.crm.isRefused('nightly flow');
    await world.crm.restore('nightly flow');
    await world.settled('booked');
  },
  expect(facts) {
    const baseline = facts.asMapped('registered');
    if (baseline.length > 0) return baseline;
    const names = Array.from({ length: COUNT }, (_, i) => `visit ${i + 1}`);
    return [
      ...facts.crm.wasRefused('nightly flow'),
      ...names.flatMap((name) => facts.createdOnce(name)),
      ...facts.asMapped('booked'),
    ];
  },
});
