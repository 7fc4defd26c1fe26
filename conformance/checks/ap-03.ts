import { defineCheck, fail } from '../check.ts';

export const ap03 = defineCheck({
  id: 'AP-03',
  title: 'A rescheduled appointment leaves one live record',
  group: 'appointments',
  severity: 'B',
  level: 1,
  requirement:
    'After a reschedule, whether by moving the appointment or by cancelling and booking anew, one CRM record is live, at the new time.',
  seeds: ['S2'],
  harm: 'The patient comes at the old time, or two slots are held and reminded.',
  async act(world) {
    const patient = await world.register('patient');
    const moved = await world.book('moved', patient, { start: world.at(5, 9) });
    const replaced = await world.book('replaced', patient, { start: world.at(6, 10) });
    if (!(await world.settled('booked'))) return;
    await world.reschedule(moved, world.at(12, 15, 30));
    await world.cancel(replaced);
    await world.book('replacement', patient, { start: world.at(13, 11) });
    await world.settled('rescheduled');
  },
  expect(facts) {
    const baseline = facts.asMapped('booked');
    if (baseline.length > 0) return baseline;
    const live = facts.liveRows('Appointment', 'rescheduled').length;
    // Where patients are found through the schedule alone, registering books a first visit.
    const wanted = facts.record('patient first visit') ? 3 : 2;
    const count =
      live === wanted
        ? []
        : [
            fail('live-count', `${live} appointments are live where ${wanted} should be.`, {
              expected: String(wanted),
              actual: String(live),
            }),
          ];
    return [...facts.asMapped('rescheduled'), ...count];
  },
});
