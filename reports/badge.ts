import type { RunResult } from '#conformance';
import { defineReport } from './definition.ts';

/** The few words of a badge; the same sentence as everywhere stands in `level`. */
function message({ standing, size }: RunResult): string {
  if (standing.withheld !== undefined) return 'no level';
  const { level, checksHold } = standing;
  const earned = standing.badges.filter(({ state }) => state === 'earned').map(({ id }) => id);
  const nearly = checksHold && checksHold !== level ? ` (${checksHold} in ${size} size)` : '';
  const worn =
    level && level !== 'L0' ? [...earned, ...(standing.latency?.class ? [`latency ${standing.latency.class}`] : [])] : [];
  return [`${level ?? 'no level'}${nearly}`, ...worn].join(' · ');
}

const COLOUR = { L0: 'yellow', L1: 'green', L2: 'brightgreen', L3: 'blue' } as const;

/** What shields.io and its like draw from a URL (their "endpoint" form, schema 1). */
export const badge = defineReport({
  name: 'badge',
  file: 'badge.json',
  doc: 'Level and badges for a README, in the form of shields.io endpoints.',
  render({ result }) {
    const { level, withheld } = result.standing;
    const color = withheld === undefined && level ? COLOUR[level] : result.exitCode === 1 ? 'red' : 'lightgrey';
    return `${JSON.stringify({ schemaVersion: 1, label: 'syncproof', message: message(result), color, isError: result.exitCode !== 0 }, null, 2)}\n`;
  },
});
