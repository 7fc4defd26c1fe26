import type { Problem } from '../manifest/problem.ts';
import { tableName } from '../oracle/transforms.ts';
import type { CrmSchema } from './crm-schema.ts';
import type { DataMap, MapRow } from './map.ts';
import { lintObject } from './map-lint-objects.ts';
import { Lint } from './map-lint-report.ts';
import { lintRow } from './map-lint-rows.ts';
import { minimumProblems } from './map-minimum.ts';

export interface LintOptions {
  /** Objects of the CRM; without them no field is checked against it. */
  schemas?: readonly CrmSchema[];
  /** Kinds of the channels by which the subject reads, of all sites: rows that none of them can carry are named. */
  channels?: readonly string[];
}

/** Every mistake in what a map means. Errors would stop the oracle or make it judge nonsense; warnings are for a person. */
export function lintMap(map: DataMap, { schemas = [], channels = [] }: LintOptions = {}): Problem[] {
  const lint = new Lint(map, schemas);
  const seenObjects = new Map<string, number>();
  for (const object of map.objects) lintObject(lint, object, seenObjects);
  const seenRows = new Map<string, number>();
  for (const row of map.rows) lintRow(lint, row, seenRows, channels);
  lintReach(lint);
  lintTables(lint);
  lint.problems.push(...minimumProblems(map));
  return lint.problems;
}

// One line for each object: what comes from the chart is out of reach together.
function lintReach(lint: Lint): void {
  for (const [object, rows] of Map.groupBy(lint.unreached, (row) => row.object)) {
    const names = rows.map((row) => `${object}.${row.field}`).join(', ');
    const message = `${names} cannot be reached: no channel brings it (messages need a v2 column; feeds and notifications tell of patients and appointments)`;
    const fix = 'fill in the v2 column, or read that site by another channel too';
    lint.at('fields.csv')(rows[0] as MapRow, 'v2', message, fix, 'warning');
  }
}

function lintTables(lint: Lint): void {
  for (const [name, { lines }] of lint.map.tables) {
    const at = lint.at(name);
    if (!lint.map.rows.some((row) => tableName(row.transform) === name))
      at(undefined, '', `no row uses the table ${name}`, `use it as table:${name}, or remove the file`, 'warning');
    const seen = new Map<string, number>();
    for (const line of lines) {
      const { source = '', target } = line.cells;
      const before = seen.get(source);
      if (source === '') at(line, 'source', 'the row has no source code', 'write the code, or * for every other');
      else if (before !== undefined)
        at(line, 'source', `"${source}" is on line ${before} already`, 'keep one line for each code');
      if (target === '') at(line, 'target', `"${source}" has no target`, 'write the CRM value, or remove the line');
      seen.set(source, before ?? line.line);
    }
  }
}
