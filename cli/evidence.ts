import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { EvidenceError, RunFolder } from '#conformance';
import { UsageError } from './usage.ts';

/** The run folder at a path, links followed. @throws UsageError where there is none. */
export function runFolderAt(path: string, verb: string): RunFolder {
  if (!existsSync(join(path, 'journal')))
    throw new UsageError(`${path} is not a run folder; syncproof ${verb} <run folder>, e.g. reports/runs/latest`);
  return new RunFolder(realpathSync(path));
}

/** Runs what reads evidence: what cannot be trusted is exit code 2. */
export function trusting(verb: string, run: () => number): number {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    console.error(`syncproof ${verb}: this evidence cannot be trusted: ${error.message}`);
    return 2;
  }
}
