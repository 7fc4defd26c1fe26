import { defineCheck } from '../check.ts';

const FILE = { sim: 'ehr', operation: 'export-file' };

/** What goes wrong with one export each. */
const TROUBLES = [
  { name: 'file gone', fault: 'vendor-error', params: { error: 'not-found' }, where: FILE, times: 1 },
  { name: 'file cut off', fault: 'reset', where: FILE, times: 1 },
  {
    name: 'told to wait',
    fault: 'throttle',
    params: { retryAfter: 1 },
    where: { ...FILE, operation: 'export-status' },
    times: 1,
  },
];

// As files of a size that a test can wait for: that they are many is a matter of the vendor's setting, not of this check.
export const bv05 = defineCheck({
  id: 'BV-05',
  title: 'Half an export is none',
  group: 'volume',
  severity: 'm',
  level: 2,
  requirement: 'An export of which a file is gone or breaks off, or that asks to wait, is taken again until it is had whole.',
  seeds: ['S1'],
  harm: 'The patients of one file of forty are missing, and the load is reported as done.',
  capabilities: ['backfill'],
  needs: ['bulk'],
  alone: true,
  async act(world) {
    await world.register('before');
    if (!(await world.settled('before'))) return;
    for (const { name, where, ...rule } of TROUBLES) {
      await world.arm(name, { ...rule, where: { ...where, tenant: world.site.name } });
      await world.register(`while ${name}`);
      // The window of the promise begins when the trouble is over.
      await world.seen(() => world.hasFired(name), 2 * world.syncWindow);
      await world.heal(name);
      await world.settled(name);
    }
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    return TROUBLES.flatMap(({ name }) => [...facts.didBite(name), ...facts.asMapped(name)]);
  },
});
