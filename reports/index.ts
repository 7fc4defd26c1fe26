import { badge } from './badge.ts';
import { ctrf } from './ctrf.ts';
import type { ReportDefinition, ReportInput } from './definition.ts';
import { github } from './github.ts';
import { html } from './html.ts';
import { json } from './json.ts';
import { junit } from './junit.ts';
import { terminal } from './terminal.ts';

/** Every file of a run folder that is computed from result and journal. */
export const REPORTS: readonly ReportDefinition[] = [json, junit, ctrf, github, badge, terminal, html];

/** All reports of a run, as file names and texts; who calls writes them. */
export const renderReports = (input: ReportInput): { file: string; text: string }[] =>
  REPORTS.map((report) => ({ file: report.file, text: report.render(input) }));

export type { MapRow, Proof, ReportDefinition, ReportInput } from './definition.ts';
export { defineReport } from './definition.ts';
export { type HtmlExtra, renderHtml } from './html.ts';
export { type KillMatrix, killMatrix } from './kill-matrix.ts';
export { renderLoad } from './load.ts';
export { JournalIndex, type Lane, type Step, type Story, sandboxFacts, story } from './model.ts';
export { sequenceLines, sequenceSvg, sequenceTable } from './sequence.ts';
export { liveProgress, scorecard, type TerminalOptions } from './terminal.ts';
export { replaysOf } from './words.ts';
