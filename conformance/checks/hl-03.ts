import { defineCheck, fail } from '../check.ts';

export const hl03 = defineCheck({
  id: 'HL-03',
  title: 'A message whose acknowledgement was lost counts once',
  group: 'hl7v2',
  severity: 'B',
  level: 2,
  requirement:
    'When the acknowledgement is lost and the sender sends again, the effect is as once and the second copy is acknowledged positively.',
  seeds: ['S0'],
  harm: 'Each dropped acknowledgement makes a second booking, or the refused copy blocks the whole feed.',
  needs: ['hl7'],
  async act(world) {
    const patient = await world.register('patient');
    if (!(await world.settled('registered'))) return;
    const where = { sim: 'hl7', tenant: world.site.name, operation: 'SIU^S12', text: patient.person.mrn };
    await world.arm('lost', { fault: 'lost-reply', where, times: 1 });
    await world.book('appointment', patient);
    await world.settled('booked');
  },
  expect(facts) {
    const baseline = facts.asMapped('registered');
    if (baseline.length > 0) return baseline;
    const [message] = facts.messagesOf('appointment');
    const last = message?.acks.at(-1);
    const again =
      last && last.outcome !== 'positive'
        ? [
            fail('resend-refused', `The copy sent again was answered ${last.code ?? last.outcome}.`, {
              expected: 'AA',
              actual: last.code ?? last.outcome,
              evidence: [last.event],
            }),
          ]
        : [];
    return [...facts.didBite('lost'), ...again, ...facts.asMapped('booked'), ...facts.createdOnce('appointment')];
  },
});
