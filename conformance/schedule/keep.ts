import { mkdirSync, writeFileSync } from 'node:fs';
import type { Facts } from '../facts/facts.ts';
import type { RunFolder } from '../run-folder.ts';
import { type LaneRecord, printSchedule, type ScheduleFile } from './file.ts';
import type { Divergence } from './run-lane.ts';

/** What was explored for a cohort, as the journal has it; undefined where nothing was. */
export function scheduleOf(facts: Facts, cohort: string, run: { seed: string; runKey: string }): ScheduleFile | undefined {
  const notes = facts.checks.get(cohort)?.notes;
  const { strategy, deadlineMs } = (notes?.get('exploration') ?? {}) as Pick<ScheduleFile, 'strategy' | 'deadlineMs'>;
  const lanes = [...(notes ?? [])].flatMap(([key, value]) => (key.startsWith('schedule ') ? [value as LaneRecord] : []));
  if (lanes.length === 0) return undefined;
  const [check, site] = cohort.split('/') as [string, string];
  return { v: 1, check, site, strategy, seed: run.seed, runKey: run.runKey, deadlineMs, lanes };
}

/** Writes the schedules of some cohorts into the run folder, for `syncproof replay`. */
export function keepSchedules(
  facts: Facts,
  cohorts: readonly string[],
  run: { seed: string; runKey: string; folder: RunFolder },
): void {
  for (const cohort of cohorts) {
    const schedule = scheduleOf(facts, cohort, run);
    if (!schedule) continue;
    mkdirSync(run.folder.file('schedules'), { recursive: true });
    writeFileSync(run.folder.file(`schedules/${schedule.check}-${schedule.site}.json`), printSchedule(schedule));
  }
}

export interface LaneDivergence extends Divergence {
  lane: string;
}

/** Where a subject left the record that was followed, lane by lane. */
export function divergences(facts: Facts, cohort: string): LaneDivergence[] {
  return [...(facts.checks.get(cohort)?.notes ?? [])].flatMap(([key, value]) =>
    key.startsWith('diverged ') ? [{ lane: key.slice('diverged '.length), ...(value as Divergence) }] : [],
  );
}
