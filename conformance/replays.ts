import { cohortOf } from './applicable.ts';
import type { CheckDefinition } from './check.ts';
import type { Evidence, Judged } from './facts/evidence.ts';
import type { Manifest } from './manifest/manifest.ts';
import type { CheckResult, Reproduced, Severity } from './result.ts';

/** How many of the checks that failed are carried out again: who has to read more than these has no use for more replays. */
const REPLAYED = 3;

const RANK: readonly Severity[] = ['B', 'M', 'm', 'A'];

/** A check as it is carried out once more: the same stimulus on people of its own, under an id of its own. */
export const again = (check: CheckDefinition, n: number): CheckDefinition => ({ ...check, id: `${check.id}~${n}` });

/** Which of the failures are replayed: those that a reader is shown first. */
export const toReplay = <T extends Pick<CheckResult, 'verdict' | 'severity'>>(results: readonly T[]): T[] =>
  results
    .filter(({ verdict }) => verdict === 'fail')
    .sort((a, b) => RANK.indexOf(a.severity) - RANK.indexOf(b.severity))
    .slice(0, REPLAYED);

/**
 * What became of the replays of a failure. The verdict stays what it was: nobody retries until it is green. Only where a replay
 * shows that the harness itself is at fault, the failure says nothing about the subject any more.
 */
export function reproduced(
  check: CheckDefinition,
  judged: Judged,
  evidence: Evidence,
  manifest: Pick<Manifest, 'sites'>,
): Reproduced | undefined {
  if (judged.verdict !== 'fail') return undefined;
  const ended: Judged[] = [];
  for (let n = 1; ; n++) {
    const own = again(check, n);
    const logs = manifest.sites.map((site) => ({ site, log: evidence.facts.checks.get(cohortOf(own, site)) }));
    const sites = logs.filter(({ log }) => log?.endedAt !== undefined && !log.aborted).map(({ site }) => site);
    if (logs.every(({ log }) => log === undefined)) break;
    // One that was cut short has not ended otherwise.
    if (sites.length > 0) ended.push(evidence.judge(own, sites));
  }
  if (ended.length === 0) return undefined;
  const isSame = ({ verdict, findings }: Judged): boolean =>
    verdict === 'fail' && findings.some(({ verdict: v, reason }) => v === 'fail' && reason === judged.reason);
  const otherwise = ended.filter((one) => !isSame(one)).map(({ verdict, reason }) => ({ verdict, reason }));
  return { times: ended.length - otherwise.length, of: ended.length, otherwise };
}
