import { defineCheck } from '../check.ts';

const SLOW_FILE_MS = 1_500;
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

/** People who are exported; each and each one's visit is a file of its own. */
const PEOPLE = { ci: 10, full: 10_000 };

export const bv05 = defineCheck({
  id: 'BV-05',
  title: 'Half an export is none',
  group: 'volume',
  severity: 'm',
  level: 2,
  requirement:
    'An export of very many small files, of which one is gone or breaks off, or that asks to wait, is taken again until it is had whole; what is recorded while one is fetched comes with the next.',
  seeds: ['S1'],
  harm: 'The patients of one file of forty are missing, and the load is reported as done.',
  capabilities: ['backfill'],
  needs: ['bulk'],
  alone: true,
  leaves: PEOPLE,
  async act(world) {
    // The smallest files that there can be: twenty thousand of them in the size for certificates.
    await world.fileLimit(1);
    await world.crowd(PEOPLE[world.size]);
    if (!(await world.settled('before'))) return;
    for (const { name, where, ...rule } of TROUBLES) {
      await world.arm(name, { ...rule, where: { ...where, tenant: world.site.name } });
      await world.register(`while ${name}`);
      // The window of the promise begins when the trouble is over.
      await world.seen(() => world.hasFired(name), 2 * world.syncWindow);
      await world.heal(name);
      await world.settled(name);
    }
    await world.fileLimit(0);
    // An export shows the moment at which it was begun: what is recorded while its files are fetched is for the next one.
    const where = { ...FILE, tenant: world.site.name };
    await world.arm('fetching', { fault: 'gate', params: { at: 'request' }, where, times: 1 });
    await world.register('lets one begin');
    await world.seen(() => world.hasFired('fetching'), 2 * world.syncWindow);
    await world.register('while fetching');
    // A file of a real export takes its time, and times of update are compared by the second here and there.
    await world.pass(SLOW_FILE_MS);
    await world.heal('fetching');
    await world.settled('fetched');
  },
  expect(facts) {
    const baseline = facts.asMapped('before');
    if (baseline.length > 0) return baseline;
    return [
      ...TROUBLES.flatMap(({ name }) => [...facts.didBite(name), ...facts.asMapped(name)]),
      ...facts.didBite('fetching'),
      ...facts.asMapped('fetched'),
    ];
  },
});
