import type { ScheduleFile } from '../file.ts';
import type { Decision, Strategy } from '../strategy.ts';

/** A poll comes by the subject's own clock, and need not come where it came before: one that is late is passed over. */
const isPoll = ({ took }: Pick<Decision, 'took'>): boolean => /^ehr .* at reply #\d+$/.test(took);

/** What of a record has to happen again, in its order. */
export const firmSteps = (decisions: readonly Decision[]): string[] =>
  decisions.filter((one) => !isPoll(one)).map(({ took }) => took);

/** Takes what a record says, and waits until it can be taken; once the record is at its end, whatever is there. */
export const follow = ({ lanes }: Pick<ScheduleFile, 'lanes'>): Strategy => ({
  id: 'follow',
  prunes: false,
  open: (lane) => {
    const recorded = lanes.find(({ name }) => name === lane)?.decisions ?? [];
    return (options, taken, idle) => {
      // What went by itself meanwhile is past, wherever it stood in the record.
      const ahead = recorded.filter((one) => !taken.some(({ took }) => took === one.took));
      const there = ({ took }: Decision) => options.find(({ name }) => name === took);
      const next = idle ? ahead.find((one) => there(one) || !isPoll(one)) : ahead[0];
      return next ? there(next) : options[0];
    };
  },
});
