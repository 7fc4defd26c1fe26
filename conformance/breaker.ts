import type { Verdict } from './result.ts';

/** So many harness errors in a row say that it is no check that is broken. */
const IN_A_ROW = 3;

/**
 * Ends a run in which nothing can be judged any more: the sandbox is gone, the disk is full. It goes by the order in which checks
 * end. What is untestable is no error of ours and never counts.
 */
export class Breaker {
  #broken: string[] = [];

  /** A check ended. @returns the checks that say that the run is to end, once there are enough of them */
  ended(id: string, verdict: Verdict): readonly string[] | undefined {
    this.#broken = verdict === 'harness-error' ? [...this.#broken, id] : [];
    return this.#broken.length >= IN_A_ROW ? this.#broken : undefined;
  }
}
