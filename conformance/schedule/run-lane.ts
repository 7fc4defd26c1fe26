import type { Clock } from '#simulators';
import type { Lane } from './lane.ts';
import type { Step } from './strategy.ts';

/** What happened to the calls of a lane: one was parked, or one went on by itself. */
export type News = { id: string; parked: Step } | { id: string; left: 'deadline' | 'gone' };

/** Where the calls of a lane wait. */
export interface Door {
  /** What happened since this was last asked, in its order. */
  news(): News[];
  /** Lets a call go on; resolves at its commit, its reply or its next gate. */
  release(id: string): Promise<void>;
}

export interface Pace {
  clock: Clock;
  /** So long nothing must have come before anything is chosen: what is about to come shall be among the options. */
  patienceMs: number;
  /** The same where the judge would act and no call is there to meet it, unless it is eager. */
  lonelyMs: number;
  eager(): boolean;
  /** After so long without news nothing more is taken to come. */
  idleMs: number;
  /** A lane whose acts are done is over when nothing came for so long, or after so many further steps. */
  restMs: number;
  tail: number;
  /** How long one that follows a record waits for what comes next in it. */
  giveUpMs: number;
}

/** Where a subject took another path than the one that was recorded. */
export interface Divergence {
  expected: string;
  parked: string[];
}

const LOOK_MS = 5;

/** Runs a lane to its end. @param recorded what is to be taken, step by step, where a record is followed. */
export async function runLane(
  lane: Lane,
  acts: readonly (() => Promise<void>)[],
  door: Door,
  { clock, patienceMs, lonelyMs, eager, idleMs, restMs, tail, giveUpMs }: Pace,
  recorded?: readonly string[],
): Promise<Divergence | undefined> {
  let changed = clock.now();
  let after = 0;
  // Nothing can be met before the first act.
  let isEager = true;
  let diverged: Divergence | undefined;
  for (;;) {
    for (const one of door.news()) {
      if ('parked' in one) lane.park(one.id, one.parked);
      else lane.left(one.id, one.left);
      changed = clock.now();
    }
    const still = clock.now() - changed;
    const acting = lane.isActing;
    const due = diverged ? undefined : recorded?.find((name) => !lane.decisions.some(({ took }) => took === name));
    const more = due !== undefined;
    if (!acting && !more && ((lane.isLonely && still >= restMs) || after >= tail)) return diverged;
    const waits = lane.isLonely && acting && !isEager && recorded === undefined ? lonelyMs : patienceMs;
    const moves = still >= waits ? lane.next(still >= idleMs) : [];
    for (const move of moves) await ('act' in move ? acts[move.act]!() : door.release(move.call));
    if (moves.length > 0) {
      changed = clock.now();
      isEager = eager();
      if (!acting) after += moves.length;
    } else if (more && still >= giveUpMs) {
      diverged = { expected: due, parked: lane.options };
      lane.wander();
      changed = clock.now();
    } else await clock.sleep(LOOK_MS);
  }
}
