import { defineCheck, fail } from '../check.ts';
import type { Handle } from '../world/world.ts';

const OTHERS = 5;

export const rs06 = defineCheck({
  id: 'RS-06',
  title: "One patient's hanging call does not hold up the others",
  group: 'resilience',
  severity: 'M',
  level: 2,
  requirement: 'While the calls for one patient hang, the changes of the others arrive as usual.',
  seeds: ['S0', 'S4'],
  harm: 'One slow chart at eight in the morning delays every reminder of the day.',
  alone: true,
  async act(world) {
    const stuck = world.person('stuck');
    await world.arm('hang', { fault: 'hang', where: { sim: 'crm', text: stuck.mrn } });
    await world.register('stuck', stuck);
    await world.seen(() => world.hasFired('hang'));
    const others: Handle[] = [];
    for (let n = 1; n <= OTHERS; n++) others.push(await world.register(`other ${n}`));
    const arrived = () => others.filter((other) => world.hasRow(other)).length;
    await world.seen(() => arrived() === OTHERS, world.syncWindow);
    await world.note('arrived', arrived());
    await world.heal('hang');
    await world.settled('after');
  },
  expect(facts) {
    const arrived = facts.note<number>('arrived');
    if (arrived === undefined) return facts.asMapped('after');
    const blocked =
      arrived < OTHERS
        ? [
            fail('blocked', `${OTHERS - arrived} of ${OTHERS} other patients waited for the one whose call hung.`, {
              expected: String(OTHERS),
              actual: String(arrived),
            }),
          ]
        : [];
    return [...facts.didBite('hang'), ...blocked, ...facts.asMapped('after')];
  },
});
