import { defineCheck, fail } from '../check.ts';

const USUAL = 3;
const BURST = 10 * USUAL;
const LIMIT_MS = 1_200;
/** Calls at the limit for each record of the burst: the first one, and as many more as a patient subject makes in that time. */
const ATTEMPTS = 4;
/** Sync windows after the limit is lifted in which the burst is to be worked off. */
const PATIENCE = 2;

// Two minutes of burst, played in the moment that it takes to commit it: what is judged is what becomes of it.
export const bv04 = defineCheck({
  id: 'BV-04',
  title: 'Ten times the usual load is worked off, within the limits of the CRM',
  group: 'volume',
  severity: 'M',
  level: 2,
  requirement:
    'After a burst of ten times the usual load, at which the CRM reached its limit, the backlog is worked off within two sync windows, the limit is respected, and what comes then is as fast as before.',
  seeds: ['S4'],
  harm: 'After the flu clinic opened its bookings the sync is four hours behind, and stays so until somebody restarts it.',
  alone: true,
  async act(world) {
    for (let n = 1; n <= USUAL; n++) await world.register(`usual ${n}`);
    await world.mapped(2 * world.syncWindow);
    await world.arm('limit', { fault: 'throttle', where: { sim: 'crm' }, when: { during: LIMIT_MS } });
    await world.crowd(BURST);
    await world.pass(LIMIT_MS);
    await world.heal('limit');
    await world.note('worked off', await world.mapped(PATIENCE * world.syncWindow));
    for (let n = 1; n <= USUAL; n++) await world.register(`usual again ${n}`);
    await world.settled('as before');
  },
  expect(facts) {
    const found = facts.asMapped('as before');
    if (found.some(({ verdict }) => verdict === 'untestable')) return found;
    const [calls, most] = [facts.hits('limit'), ATTEMPTS * 2 * BURST];
    const often =
      calls > most
        ? [
            fail('too-often', `${calls} calls were made in ${LIMIT_MS / 1000} s at the limit, for ${2 * BURST} records.`, {
              expected: `at most ${most}`,
              actual: String(calls),
            }),
          ]
        : [];
    const behind =
      facts.note<boolean>('worked off') === false
        ? [fail('backlog', `The burst was not worked off within ${PATIENCE} sync windows after the limit was lifted.`)]
        : [];
    return [...often, ...found, ...behind, ...facts.didBite('limit')];
  },
});
