import { defineCheck } from '../check.ts';

/** Longer than those who look at their own writes again go back for them. */
const LONG_AGO_MS = 5_000;

export const hl01 = defineCheck({
  id: 'HL-01',
  title: 'What was acknowledged survives a kill',
  group: 'hl7v2',
  severity: 'B',
  level: 2,
  requirement:
    'When the sync is killed after it acknowledged a message, right away or while the effect waits for the CRM, that effect is there after its restart.',
  seeds: ['S0'],
  harm: 'The hospital has deleted the message, the sync never had it: the cancellation is gone from the world.',
  needs: ['hl7', 'restart'],
  alone: true,
  async act(world) {
    const first = world.person('first');
    const patient = await world.register('first', first);
    await world.seen(() => world.link.isAcknowledged(first.mrn));
    await world.subject.kill();
    await world.subject.revive();
    if (!(await world.settled('after'))) return;
    // Somebody of whom nothing was written for a while: what is lost now is found by no look at what was written of late.
    await world.pass(LONG_AGO_MS);
    await world.register('second');
    if (!(await world.settled('long after'))) return;
    // Acknowledged, taken up, and not yet in the CRM, which is away: waiting in memory is no custody.
    await world.arm('away', { fault: 'outage', where: { sim: 'crm' } });
    const heard = world.link.acknowledged(first.mrn);
    await world.update(patient, { telecom: world.person('other number').telecom });
    await world.seen(() => world.link.acknowledged(first.mrn) > heard);
    await world.pass(world.outageMs);
    await world.subject.kill();
    await world.heal('away');
    await world.subject.revive();
    await world.settled('after the second');
  },
  expect(facts) {
    const found = [...facts.wasAcknowledged('first'), ...facts.asMapped('after')];
    return found.length > 0 ? found : [...facts.didBite('away'), ...facts.asMapped('after the second')];
  },
});
