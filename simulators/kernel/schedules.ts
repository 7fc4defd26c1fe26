import type { Cell } from './state.ts';

/** A stretch of a schedule: the rate goes from one value to the other in a straight line. */
export interface Stage {
  seconds: number;
  /** Offers a second at its beginning, and at its end. */
  from: number;
  to: number;
}

/** What a load script owes: offer number i is due when the area under its rates reaches i + 1; without stages, at its start. */
export interface Schedule {
  id: string;
  stages: Stage[];
}

/** A call's place in a schedule, as the script that makes it says. */
export interface Offer {
  schedule: string;
  /** From 0. */
  index: number;
  /** When the schedule began, in epoch ms: of one that was declared. */
  started?: number;
  /** When it was due, in epoch ms, where whoever offers it keeps the schedule himself. */
  due?: number;
}

/** The same with when it was due, in epoch ms: earlier than it was made, where script or simulator were late. */
export interface DueOffer {
  schedule: string;
  index: number;
  due: number;
}

/** An offer of which nobody can say when it was due. */
export class ScheduleError extends Error {}

/**
 * The schedules of load scripts. They are declared before the load begins, and when an offer was due is worked out here: a
 * script that falls behind must not be the one to say how far.
 */
export class Schedules {
  #declared: Cell<Schedule>;

  constructor(cell: Cell<Schedule>) {
    this.#declared = cell;
  }

  declare(schedule: Schedule): void {
    this.#declared.set(schedule.id, schedule);
  }

  /** When an offer was due. @throws ScheduleError when nobody declared its schedule. */
  dueOf({ schedule, index, started, due }: Offer): DueOffer {
    if (due !== undefined) return { schedule, index, due };
    if (started === undefined) throw new ScheduleError(`offer: says neither when ${schedule} began nor when it was due`);
    const declared = this.#declared.get(schedule);
    if (!declared)
      throw new ScheduleError(`no schedule ${schedule} is declared: POST /v1/schedules comes before its first offer`);
    return { schedule, index, due: started + 1000 * secondsUntil(declared.stages, index + 1) };
  }
}

/** When the area under the rates reaches `area`, in seconds; their end when it never does. */
function secondsUntil(stages: readonly Stage[], area: number): number {
  let [before, left] = [0, area];
  for (const { seconds, from, to } of stages) {
    const whole = ((from + to) / 2) * seconds;
    if (whole >= left) return before + within(left, from, (to - from) / seconds);
    before += seconds;
    left -= whole;
  }
  return before;
}

// from·t + slope·t²/2 = area, in the form that bears a slope of nothing.
const within = (area: number, from: number, slope: number): number =>
  (2 * area) / (from + Math.sqrt(from ** 2 + 2 * slope * area));
