/** How many tests of a step passed and failed, and the names of those that were skipped. */
export interface Outcome {
  passed: number;
  failed: number;
  skipped: string[];
  /** What a reader of the counts should know beside them: what was run again, what was not run. */
  notes?: string[];
}

/** The part of vitest's JSON report that is counted. */
export interface VitestReport {
  testResults: { name: string; status: string; assertionResults: { fullName: string; status: string }[] }[];
}

/** Counts a vitest report. A file that does not load counts as one failure, and so does a runner that failed for another reason. */
export function vitestOutcome(report: VitestReport, code: number): Outcome {
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  return settle(
    {
      passed: tests.filter((test) => test.status === 'passed').length,
      failed: tests.filter((test) => test.status === 'failed').length + broken.length,
      skipped: tests.filter((test) => !['passed', 'failed'].includes(test.status)).map((test) => test.fullName.trim()),
    },
    code,
  );
}

/** The files of a vitest report that did not pass. */
export const failedFiles = ({ testResults }: VitestReport): string[] =>
  testResults.filter(({ status }) => status !== 'passed').map(({ name }) => name);

/** A report in which some files were run again: what came of them then counts. */
export const withAgain = (first: VitestReport, again: VitestReport): VitestReport => {
  const names = new Set(again.testResults.map(({ name }) => name));
  return { testResults: [...first.testResults.filter(({ name }) => !names.has(name)), ...again.testResults] };
};

/** Several outcomes as one. */
export const together = (outcomes: readonly Outcome[]): Outcome => ({
  passed: outcomes.reduce((sum, { passed }) => sum + passed, 0),
  failed: outcomes.reduce((sum, { failed }) => sum + failed, 0),
  skipped: outcomes.flatMap(({ skipped }) => skipped),
});

/** Counts what `node --test --test-reporter=tap` printed. */
export function tapOutcome(text: string, code: number): Outcome {
  const count = (word: string) => Number([...text.matchAll(new RegExp(`^# ${word} (\\d+)$`, 'gm'))].at(-1)?.[1] ?? 0);
  const skipped = [...text.matchAll(/^\s*ok \d+ - (.*?) # SKIP\s*(.*)$/gm)].map(([, name, why]) =>
    why ? `${name} (${why})` : name!,
  );
  return settle({ passed: count('pass'), failed: count('fail') + count('cancelled'), skipped }, code);
}

/** Counts a program of ours that ends with "N passed, N failed"; without that line it counts as one. What it says of its choice is told, too. */
export function verdictOutcome(text: string, code: number): Outcome {
  const line = [...text.matchAll(/^(\d+) passed, (\d+) failed$/gm)].at(-1);
  if (!line) return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: [] };
  const notes = text.split('\n').filter((one) => /^(once more|not all)\b/.test(one));
  return settle({ passed: Number(line[1]), failed: Number(line[2]), skipped: [], ...(notes.length > 0 && { notes }) }, code);
}

/** The lines of a log that name what failed (vitest, TAP, our own scorecards), each with what follows it, `max` lines at most. */
export function failureLines(text: string, max = 80): string[] {
  const lines = text.split('\n');
  const named = lines.flatMap((line, i) => (/^\s*(✗|×|not ok |FAIL )/.test(line) ? [i] : []));
  const shown = new Set(named.flatMap((at) => [0, 1, 2, 3, 4, 5, 6, 7].map((more) => at + more)));
  return lines.filter((_, i) => shown.has(i)).slice(0, max);
}

// Nothing run is never green, and an exit code that says failure is believed even when no test does.
function settle(outcome: Outcome, code: number): Outcome {
  const ran = outcome.passed + outcome.failed + outcome.skipped.length > 0;
  return outcome.failed === 0 && (code !== 0 || !ran) ? { ...outcome, failed: 1 } : outcome;
}
