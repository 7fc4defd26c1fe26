import type { Random } from '#simulators';

/** Something that can happen next: a call that is parked, or what the judge itself does next. */
export interface Step {
  /** The same in every run: what it is and about whom, never an id; of calls also which of its kind, from 1. */
  name: string;
  /** The records that it touches, by the check's own names. Only steps that share one conflict. */
  touches: readonly string[];
}

/** Why a call went on: somebody chose it, nothing was there that it could meet, its time was over, its client hung up. */
export type Why = 'chosen' | 'alone' | 'deadline' | 'gone';

/** One decision as it is recorded: what could have happened, and what did. */
export interface Decision {
  options: readonly string[];
  took: string;
  why: Why;
}

/**
 * Chooses among steps; undefined to wait for more. `taken` is what was decided so far; `idle` says that nothing has come for some
 * time, and nothing more is likely to.
 */
export type Chooser = (options: readonly Step[], taken: readonly Decision[], idle: boolean) => Step | undefined;

/** A way to explore schedules. A further one is one more small file and a line in the list. */
export interface Strategy {
  id: string;
  /** Whether steps that touch nothing in common with any other that is there or planned go on by themselves. */
  prunes: boolean;
  /** A chooser for one lane, with that lane's own randomness. */
  open(lane: string, random: Random): Chooser;
}
