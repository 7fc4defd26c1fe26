import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { RunResult } from '#conformance';
import { isLoadRun, judgeOpened, killersOf, openRun, type RunFolder, readProof } from '#conformance';
import { renderReports, scorecard } from '#reports';
import { FAULTS } from '#sandbox';
import { parsing } from './arguments.ts';
import { baselineFrom } from './baseline.ts';
import { runFolderAt, trusting } from './evidence.ts';
import { judgeLoadFolder, loadCard } from './load-card.ts';
import { readTerms, TERMS_OPTIONS, TERMS_USAGE, type TermsAsked } from './terms.ts';

// The rows of the map as reports name them.
const rowsOf = ({ map }: Pick<ReturnType<typeof openRun>, 'map'>): Record<string, string>[] =>
  map.rows.map((row) => ({ ...row, row: `fields.csv:${row.line}` }) as unknown as Record<string, string>);

/** Judges a run folder and writes every report of it. */
export function judgeFolder(
  folder: RunFolder,
  opened = openRun(folder),
): {
  result: RunResult;
  card: (colour: boolean, width?: number) => string;
  changed: string[];
} {
  const result = judgeOpened(opened);
  const map = rowsOf(opened);
  const colours = Object.fromEntries(FAULTS.map((fault) => [fault.name, fault.colour]));
  const proof = { at: readProof().at, killers: killersOf() };
  const changed: string[] = [];
  for (const { file, text } of renderReports({ result, events: opened.events, map, colours, proof })) {
    const path = folder.file(file);
    if (existsSync(path) && readFileSync(path, 'utf8') !== text) changed.push(file);
    folder.write(file, text);
  }
  return { result, card: (colour, width) => scorecard(result, { colour, width, events: opened.events, map }), changed };
}

function folderOf(args: string[], verb: string): RunFolder {
  const { positionals } = parsing({}, () => parseArgs({ args, options: {}, allowPositionals: true }));
  return runFolderAt(positionals[0] ?? 'reports/runs/latest', verb);
}

export const JUDGE_USAGE = `syncproof judge [run folder] [--baseline FILE]   takes the verdicts again, from the evidence alone (reports/runs/latest)

  --baseline FILE        known failures to hold the run against, in place of those of the run
${TERMS_USAGE}

By other terms than those of the run nothing is written: the folder stays as it was.
Exit code: that of the run; 1 when result.json said something else; 2 when the evidence was changed.`;

export const REPORT_USAGE = 'syncproof report [run folder]   writes the report files of a run again (reports/runs/latest)';

const JUDGE_OPTIONS = { baseline: { type: 'string' }, ...TERMS_OPTIONS } as const;

/**
 * `syncproof judge <run folder>`: the verdicts again, from the evidence alone. Exit code as the run's; 2 when the evidence
 * was changed; 1 when `result.json` said something else than the evidence does.
 */
export async function judgeRun(args: string[]): Promise<number> {
  const { values, positionals } = parsing(JUDGE_OPTIONS, () =>
    parseArgs({ args, options: JUDGE_OPTIONS, allowPositionals: true }),
  );
  const folder = runFolderAt(positionals[0] ?? 'reports/runs/latest', 'judge');
  return trusting('judge', () => {
    const opened = openRun(folder);
    if (isLoadRun(opened)) return judgeAgain(folder, opened);
    if (Object.keys(values).length > 0) return judgeOtherwise(opened, values);
    const { result, card, changed } = judgeFolder(folder, opened);
    console.log(card(Boolean(process.stdout.isTTY), process.stdout.columns));
    if (changed.includes('result.json')) {
      console.error(`\nresult.json did not agree with the evidence; it was written anew`);
      return 1;
    }
    console.log(`\nThe evidence is intact, and the verdicts agree with it.`);
    return result.exitCode;
  });
}

// The folder tells of the run as it was: what it would be under other terms is said, and not kept.
function judgeOtherwise(opened: ReturnType<typeof openRun>, asked: TermsAsked & { baseline?: string }): number {
  const { header, map, manifest } = opened;
  const checks = header.checks.map((id) => ({ id }));
  const { edition, gate, before, soak } = readTerms(asked, { size: header.size ?? 'ci', checks, map, manifest });
  const result = judgeOpened({
    ...opened,
    header: { ...header, gate: gate ?? header.gate },
    edition: edition ?? opened.edition,
    before: before ?? opened.before,
    soak: soak ?? opened.soak,
    baseline: asked.baseline === undefined ? opened.baseline : baselineFrom(asked.baseline),
  });
  const { columns: width, isTTY } = process.stdout;
  console.log(scorecard(result, { colour: Boolean(isTTY), width, events: opened.events, map: rowsOf(opened) }));
  console.log('\nThe evidence is intact. These are not the terms of the run: nothing was written.');
  return result.exitCode;
}

function judgeAgain(folder: RunFolder, opened: ReturnType<typeof openRun>): number {
  const { result, changed } = judgeLoadFolder(folder, opened);
  console.log(loadCard(result));
  console.log(
    changed
      ? '\nload.json did not agree with the evidence; it was written anew'
      : '\nThe evidence is intact, and load.json agrees with it.',
  );
  return changed ? 1 : result.exitCode;
}

/** `syncproof report <run folder>`: writes the report files again. */
export async function report(args: string[]): Promise<number> {
  const folder = folderOf(args, 'report');
  return trusting('report', () => {
    const opened = openRun(folder);
    if (isLoadRun(opened)) judgeLoadFolder(folder, opened);
    else judgeFolder(folder, opened);
    console.log(folder.file(isLoadRun(opened) ? 'load.html' : 'report.html'));
    return 0;
  });
}
