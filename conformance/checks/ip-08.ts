import { defineCheck, fail, untestable } from '../check.ts';

export const ip08 = defineCheck({
  id: 'IP-08',
  title: 'The whole feed once more changes nothing',
  group: 'idempotency',
  severity: 'B',
  level: 2,
  requirement:
    'When every message so far is sent again, under its own control id, the CRM stays as it is and each copy is acknowledged positively.',
  seeds: ['S0'],
  harm: 'The interface team replays a day to repair one message, and the CRM goes back to the morning.',
  needs: ['hl7'],
  async act(world) {
    const patient = await world.register('patient');
    const appointment = await world.book('appointment', patient);
    if (!(await world.settled('before'))) return;
    await world.update(patient, { telecom: world.person('newer number').telecom });
    await world.cancel(appointment);
    if (!(await world.settled('changed'))) return;
    await world.note('replayed', await world.link.replayFeed());
    await world.settled('replayed');
  },
  expect(facts) {
    const baseline = [...facts.asMapped('before'), ...facts.asMapped('changed')];
    if (baseline.length > 0) return baseline;
    const names = facts.note<string[]>('replayed') ?? [];
    if (names.length === 0) return [untestable('did-not-bite', 'There was no message to send again.')];
    const writes = facts.changesSince('changed');
    const changed = writes.map((write) =>
      fail('replay-took-effect', `The replay changed a ${write.ref.type}.`, { evidence: [write.event] }),
    );
    return [...names.flatMap((name) => facts.wasTaken(name)), ...facts.asMapped('replayed'), ...changed.slice(0, 3)];
  },
});
