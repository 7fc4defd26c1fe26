import { defineCheck } from '../check.ts';
import { addDays, clockChanges } from '../oracle/zones.ts';

export const ap07 = defineCheck({
  id: 'AP-07',
  title: 'Late, early and daylight-saving slots keep instant and day',
  group: 'appointments',
  severity: 'B',
  level: 1,
  requirement:
    "Slots at 23:30 and 00:15 local time, and around both clock changes of the site's zone, keep the same instant and the same local calendar day.",
  seeds: ['S2'],
  harm: 'Appointment dates are off by a day: patients come a day late, or are marked as no-shows.',
  async act(world) {
    const patient = await world.register('patient');
    await world.book('half past eleven at night', patient, { start: world.at(9, 23, 30) });
    await world.book('quarter past midnight', patient, { start: world.at(10, 0, 15) });
    const today = world.day(0);
    for (const change of clockChanges(today, world.site.time_zone)) {
      const ahead = (Date.parse(change) - Date.parse(today)) / 86_400_000;
      await world.book(`evening before ${change}`, patient, { start: world.at(ahead - 1, 23, 30) });
      await world.book(`morning of ${change}`, patient, { start: world.at(ahead, 0, 15) });
      await world.book(`evening of ${addDays(change, 0)}`, patient, { start: world.at(ahead, 22, 45) });
    }
    await world.settled('booked');
  },
  expect: (facts) => facts.asMapped('booked'),
});
