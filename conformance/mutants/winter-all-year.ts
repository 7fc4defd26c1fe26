import { defineMutant } from './define.ts';

export const winterAllYear = defineMutant({
  id: 'winter-all-year',
  breaks: "Reckons an appointment's day by the offset that the clinic has in January, all year.",
  steps: () => ({
    localDate(instant, timeZone) {
      const noon = new Date(`${instant.slice(0, 4)}-01-15T12:00:00Z`);
      const hour = Number(new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit' }).format(noon));
      return new Date(Date.parse(instant) + (hour - 12) * 3_600_000).toISOString().slice(0, 10);
    },
  }),
  blind: true,
  kills: [{ check: 'AP-07', reason: 'wrong-value' }],
});
