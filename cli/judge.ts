import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { RunResult } from '#conformance';
import { EvidenceError, isLoadRun, judgeOpened, openRun, RunFolder } from '#conformance';
import { renderReports, scorecard } from '#reports';
import { FAULTS } from '#sandbox';
import { parsing } from './arguments.ts';
import { judgeLoadFolder, loadCard } from './load-card.ts';
import { UsageError } from './usage.ts';

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
  const map = opened.map.rows.map((row) => ({ ...row, row: `fields.csv:${row.line}` }) as unknown as Record<string, string>);
  const colours = Object.fromEntries(FAULTS.map((fault) => [fault.name, fault.colour]));
  const changed: string[] = [];
  for (const { file, text } of renderReports({ result, events: opened.events, map, colours })) {
    const path = folder.file(file);
    if (existsSync(path) && readFileSync(path, 'utf8') !== text) changed.push(file);
    writeFileSync(path, text);
  }
  return { result, card: (colour, width) => scorecard(result, { colour, width, events: opened.events }), changed };
}

function folderOf(args: string[], verb: string): RunFolder {
  const { positionals } = parsing({}, () => parseArgs({ args, options: {}, allowPositionals: true }));
  const path = positionals[0] ?? 'reports/runs/latest';
  if (!existsSync(join(path, 'journal')))
    throw new UsageError(`${path} is not a run folder; syncproof ${verb} <run folder>, e.g. reports/runs/latest`);
  return new RunFolder(realpathSync(path));
}

export const JUDGE_USAGE = `syncproof judge [run folder]   takes the verdicts again, from the evidence alone (reports/runs/latest)

Exit code: that of the run; 1 when result.json said something else; 2 when the evidence was changed.`;

export const REPORT_USAGE = 'syncproof report [run folder]   writes the report files of a run again (reports/runs/latest)';

/**
 * `syncproof judge <run folder>`: the verdicts again, from the evidence alone. Exit code as the run's; 2 when the evidence
 * was changed; 1 when `result.json` said something else than the evidence does.
 */
export async function judgeRun(args: string[]): Promise<number> {
  const folder = folderOf(args, 'judge');
  return trusting('judge', () => {
    const opened = openRun(folder);
    if (isLoadRun(opened)) return judgeAgain(folder, opened);
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

function trusting(verb: string, run: () => number): number {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    console.error(`syncproof ${verb}: this evidence cannot be trusted: ${error.message}`);
    return 2;
  }
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
