import { randomBytes } from 'node:crypto';
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
import type { JournalEvent } from '#simulators';
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
  // Somebody new each time: a sandbox or a sync that stayed up knows whom it was sent before.
  const people = { seed: 'doctor', runKey: randomBytes(4).toString('hex') };
  const enough = new AbortController();
  let isEnding = false;
  try {
    await withSandbox({ ...plan, ...people, manifest }, folder, async (up) => {
      const listening = new AbortController();
      const hear = (event: JournalEvent): void => {
        examination.hear(event);
        if (!examination.isSure || isEnding) return;
        isEnding = true;
        systemClock.after(AND_ELSE_MS, () => enough.abort());
      };
      // A sandbox that stayed up holds what earlier subjects did, and what was tried of its addresses just now.
      const heads = new Map((await up.sandbox.heads()).map(({ url, head }) => [url, head]));
      const sleep = (ms: number): Promise<void> => systemClock.sleep(ms, listening.signal);
      const hearing = Promise.all(
        up.sandbox.processes.map((one) => one.follow(heads.get(one.url) ?? 0, hear, listening.signal, sleep)),
      );
      try {
        const common = { ...up, ...people, folder, manifest, map, clock: systemClock };
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
