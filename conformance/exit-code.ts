import type { GateResult, RunResult, Verdict } from './result.ts';

/** How a run ended, as far as its exit code is concerned. */
export interface Ending {
  status: RunResult['status'];
  /** Verdicts of checks and invariants, but for what a baseline knows. */
  verdicts: readonly Verdict[];
  /** Checks that were seen to hold or not to. */
  witnessed: number;
  /** The control API was called by somebody without its token. */
  tampered: boolean;
  /** Defects of the sandbox. */
  defects: number;
  gate?: GateResult;
  /** A known failure does not fail any more. */
  stale?: boolean;
}

const violated = ({ verdicts, gate }: Ending): boolean =>
  gate ? gate.met === 'no' : verdicts.includes('fail') || verdicts.includes('unstable');

/** What each exit code stands for; of several the first counts. Configuration (2) never comes to a verdict. */
const CODES: readonly [RunResult['exitCode'], (ending: Ending) => boolean][] = [
  [5, ({ defects, verdicts }) => defects > 0 || verdicts.includes('harness-error')],
  [1, (ending) => ending.tampered || violated(ending)],
  [3, ({ status, witnessed, gate }) => status === 'interrupted' || witnessed === 0 || gate?.met === 'unknown'],
  [4, ({ stale }) => stale === true],
];

export const exitCode = (ending: Ending): RunResult['exitCode'] => CODES.find(([, applies]) => applies(ending))?.[0] ?? 0;
