import { defineCheck, fail } from '../check.ts';

const COPIES = 5;

export const ip01 = defineCheck({
  id: 'IP-01',
  title: 'The same message five times counts once',
  group: 'idempotency',
  severity: 'B',
  level: 1,
  requirement:
    'A message delivered five times under one control id has the effect of one delivery, and each copy is acknowledged positively.',
  seeds: ['S0'],
  harm: 'A resend makes a second chart, and the second chart misses the allergy that was written into the first.',
  needs: ['hl7'],
  async act(world) {
    const person = world.person('patient');
    const where = { sim: 'hl7', tenant: world.site.name, text: person.mrn };
    await world.arm('repeat', { fault: 'duplicate', params: { copies: COPIES }, where, times: 1 });
    await world.register('patient', person);
    await world.settled('arrived');
  },
  expect(facts) {
    const [message] = facts.messagesOf('patient');
    const refused = (message?.acks ?? []).filter((ack) => ack.outcome !== 'positive');
    const acks = refused.map((ack) =>
      fail('copy-refused', `A copy was answered ${ack.code ?? ack.outcome}.`, {
        expected: 'AA',
        actual: ack.code ?? ack.outcome,
        evidence: [ack.event],
      }),
    );
    const delivered = message?.sent.length ?? 0;
    const missing =
      delivered === COPIES && message?.acks.length !== COPIES
        ? [fail('copy-unanswered', 'Not every copy was acknowledged.', { expected: '5', actual: String(message?.acks.length) })]
        : [];
    return [...facts.didBite('repeat'), ...acks, ...missing, ...facts.asMapped('arrived'), ...facts.createdOnce('patient')];
  },
});
