import { defineCheck } from '../check.ts';

export const hl01 = defineCheck({
  id: 'HL-01',
  title: 'What was acknowledged survives a kill',
  group: 'hl7v2',
  severity: 'B',
  level: 2,
  requirement:
    'When the sync is killed right after it acknowledged a message, the effect of that message is there after its restart.',
  seeds: ['S0'],
  harm: 'The hospital has deleted the message, the sync never had it: the cancellation is gone from the world.',
  needs: ['hl7', 'restart'],
  alone: true,
  async act(world) {
    const first = world.person('first');
    await world.register('first', first);
    await world.seen(() => world.isAcknowledged(first.mrn));
    await world.kill();
    await world.revive();
    await world.settled('after');
  },
  expect: (facts) => [...facts.wasAcknowledged('first'), ...facts.asMapped('after')],
});
