import { defineCheck, fail, untestable } from '../check.ts';

export const ap06 = defineCheck({
  id: 'AP-06',
  title: 'Nobody is reminded of a visit that was cancelled',
  group: 'appointments',
  severity: 'B',
  level: 2,
  requirement:
    'The reminder job of the CRM, which runs once the sync window after a cancellation has passed, does not write of that visit.',
  seeds: ['S0'],
  harm: 'A patient takes a day off and fasts for an MRI that was cancelled yesterday.',
  maps: [{ source: 'Patient' }, { source: 'Appointment' }],
  async act(world) {
    const patient = await world.register('patient');
    await world.book('kept', patient, { start: world.at(2, 10) });
    const cancelled = await world.book('cancelled', patient, { start: world.at(2, 15) });
    if (!(await world.settled('booked'))) return;
    await world.cancel(cancelled);
    await world.settled('cancelled');
    await world.crm.remind('reminder');
  },
  expect(facts) {
    const baseline = facts.asMapped('booked');
    if (baseline.length > 0) return baseline;
    const sent = facts.crm.messagesAbout('cancelled', 'reminder').map(({ text, event }) =>
      fail('reminded-of-cancelled', 'The reminder job wrote to the patient about a cancelled visit.', {
        expected: 'no message',
        actual: text,
        evidence: [event],
      }),
    );
    const found = [...sent, ...facts.asMapped('cancelled')];
    if (found.length > 0 || facts.crm.messagesAbout('kept', 'reminder').length > 0) return found;
    return [untestable('did-not-bite', 'The reminder job wrote to nobody, not even about the visit that takes place.')];
  },
});
