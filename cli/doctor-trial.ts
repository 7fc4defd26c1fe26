import { rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import {
  canary,
  canaryProblems,
  type DataMap,
  Examination,
  type Manifest,
  type Problem,
  RunFolder,
  runChecks,
  SubjectError,
} from '#conformance';
import { systemClock } from '#kernel';
import { type SandboxPlan, withSandbox } from './bring-up.ts';

/** How long more is looked once something is sure: what else is wrong shows at about the same time. */
const AND_ELSE_MS = 700;

export interface Trial extends Omit<SandboxPlan, 'seed' | 'runKey'> {
  map: DataMap;
  /** Where what was seen is kept; what an earlier trial left there goes. */
  folder: string;
  say: (line: string) => void;
}

/** Starts the sync as a run would and sends one patient through it; ends early once something is wrong that waiting does not mend. */
export async function tryOut({ manifest, map, folder: path, say, ...plan }: Trial): Promise<Problem[]> {
  rmSync(path, { recursive: true, force: true });
  const folder = RunFolder.create(dirname(path), basename(path));
  const examination = new Examination(manifest, (part, done) => say(`  ✓ ${part} ${done}`));
  const enough = new AbortController();
  let isEnding = false;
  try {
    await withSandbox({ ...plan, manifest, seed: 'doctor', runKey: 'doctor' }, folder, async (up) => {
      const listening = new AbortController();
      const hearing = up.sandbox.follow(
        (event) => {
          examination.hear(event);
          if (!examination.isSure || isEnding) return;
          isEnding = true;
          systemClock.after(AND_ELSE_MS, () => enough.abort());
        },
        listening.signal,
        (ms) => systemClock.sleep(ms, listening.signal),
      );
      try {
        const common = { ...up, folder, manifest, map, seed: 'doctor', runKey: 'doctor', clock: systemClock };
        await runChecks({ ...common, checks: [canary], signal: enough.signal });
      } finally {
        listening.abort();
        await hearing.catch(() => {});
      }
    });
  } catch (error) {
    if (!(error instanceof SubjectError)) throw error;
    return [notReady(error, manifest), ...examination.causes()];
  }
  const problems = examination.problems();
  return problems.length > 0 ? problems : canaryProblems(folder);
}

const notReady = ({ phase, message, fix, tail }: SubjectError, { file }: Manifest): Problem => ({
  severity: 'error',
  file,
  message: `the sync did not get ready (while ${phase}): ${message}${tail.length > 0 ? `; its last line: ${tail.at(-1)}` : ''}`,
  fix,
});
