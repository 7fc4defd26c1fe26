import { defineReport } from './definition.ts';
import { VERDICTS } from './words.ts';

// What a reader looks for comes first; keys that are not listed follow in alphabetical order.
const ORDER = [
  ...[
    'v',
    'id',
    'status',
    'exitCode',
    'level',
    'gate',
    'standing',
    'counts',
    'score',
    'overall',
    'dimensions',
    'coverage',
    'mapCoverage',
  ],
  ...['seed', 'runKey', 'subject', 'name', 'version', 'startedAt', 'endedAt', 'warnings', 'checks', 'invariants'],
  ...['title', 'cohort', 'group', 'severity', 'verdict', 'reason', 'message', 'sub', 'channel', 'row', 'expected', 'actual'],
  ...['evidence', 'findings', 'settled', 'requirement', 'seeds', 'harm', 'durationMs', 'replay', 'timeline', ...VERDICTS],
];

/** A copy whose keys stand in one fixed order, however it was built. */
export function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  const place = (key: string): number => (ORDER.includes(key) ? ORDER.indexOf(key) : ORDER.length);
  const keys = Object.keys(value).sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
  return Object.fromEntries(keys.map((key) => [key, ordered((value as Record<string, unknown>)[key])]));
}

export const json = defineReport({
  name: 'json',
  file: 'result.json',
  doc: 'The whole result; byte-identical whenever it is computed from the same journal.',
  render: ({ result }) => `${JSON.stringify(ordered(result), null, 2)}\n`,
});
