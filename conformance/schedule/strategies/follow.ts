import type { ScheduleFile } from '../file.ts';
import type { Strategy } from '../strategy.ts';

/** Takes what a record says, and waits until it can be taken; once the record is at its end, whatever is there. */
export const follow = ({ lanes }: Pick<ScheduleFile, 'lanes'>): Strategy => ({
  id: 'follow',
  prunes: false,
  open: (lane) => {
    const recorded = lanes.find(({ name }) => name === lane)?.decisions ?? [];
    return (options, taken) => {
      const next = recorded[taken.length];
      return next ? options.find(({ name }) => name === next.took) : options[0];
    };
  },
});
