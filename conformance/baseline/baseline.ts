import type { BaselineEntry, BaselineRow, CheckResult, Finding, InvariantResult } from '../result.ts';

/** What a baseline comes to on the results of one run. */
export interface Weighed {
  rows: BaselineRow[];
  /** Results that are wrong only in what is known: they stay failures, and do not decide the exit code. */
  excused: ReadonlySet<CheckResult | InvariantResult>;
  /** Whether something that was expected to fail does not any more. */
  stale: boolean;
}

/** What fails, in the words of a baseline; of an invariant the sub-case is whose people it is about. */
interface Failure {
  check: string;
  sub?: string;
  channel?: string;
  row?: string;
  code: string;
}

/** `Contact.Email` of `fields.csv:9 Contact.Email`: the line moves with each row that is put in above it. */
const rowOf = (named: string | undefined): string | undefined => named?.slice(named.indexOf(' ') + 1);

const isBad = ({ verdict }: Pick<Finding, 'verdict'>): boolean => verdict === 'fail' || verdict === 'unstable';

function failuresOf(result: CheckResult | InvariantResult): Failure[] {
  const about = 'cohort' in result ? { check: result.id, sub: result.cohort } : { check: result.id };
  const found = result.findings
    .filter(isBad)
    .map(({ reason, sub, channel, row }) => ({ sub, channel, row: rowOf(row), ...about, code: reason }));
  // A verdict that no finding explains (a flake, say) is a failure of its own.
  if (found.length === 0 && isBad(result))
    return [{ ...about, code: 'reason' in result ? result.reason : result.verdict } as Failure];
  return found;
}

const isOf = (entry: BaselineEntry, { check, sub, channel, code }: Failure): boolean =>
  entry.check === check && entry.code === code && entry.sub === sub && (entry.channel === undefined || entry.channel === channel);

// A value that is known to be wrong in one field hides none in another.
const covers = (entry: BaselineEntry, failure: Failure): boolean => isOf(entry, failure) && entry.row === failure.row;

/**
 * Holds results against known failures. A verdict is never changed by it: a result all of whose failures are named, by
 * entries that have not expired, only does not count any more. Whatever else fails counts, so that a known bug hides no
 * new one.
 * @param on day of the run, `YYYY-MM-DD`: an entry holds until its own day is over
 */
export function weigh(
  entries: readonly BaselineEntry[],
  checks: readonly CheckResult[],
  invariants: readonly InvariantResult[],
  on: string,
): Weighed {
  const results = [...checks, ...invariants];
  const rows = entries.map((entry): BaselineRow => ({ ...entry, ...becameOf(entry, results, on) }));
  const holding = rows.filter(({ state }) => state === 'known');
  const excused = results.filter((result) => {
    const failures = isBad(result) ? failuresOf(result) : [];
    return failures.length > 0 && failures.every((failure) => holding.some((row) => covers(row, failure)));
  });
  // All that still fails there is known by other names: so this one does not fail any more.
  const settled = rows.map(
    ({ rows: inRows, ...row }): BaselineRow =>
      (row.state === 'otherwise' || row.state === 'rowless') &&
      ownOf(row, results).every((one) => !isBad(one) || excused.includes(one))
        ? { ...row, state: 'stale' }
        : { ...row, ...(inRows && { rows: inRows }) },
  );
  return { rows: settled, excused: new Set(excused), stale: settled.some(({ state }) => state === 'stale') };
}

const ownOf = (entry: BaselineEntry, results: readonly (CheckResult | InvariantResult)[]) =>
  results.filter((result) => result.id === entry.check && (!('cohort' in result) || result.cohort === entry.sub));

function becameOf(
  entry: BaselineEntry,
  results: readonly (CheckResult | InvariantResult)[],
  on: string,
): Pick<BaselineRow, 'state' | 'rows'> {
  const own = ownOf(entry, results);
  const failures = own.filter(isBad).flatMap(failuresOf);
  if (failures.some((failure) => covers(entry, failure))) return { state: entry.expires < on ? 'expired' : 'known' };
  const inRows = entry.row === undefined ? failures.flatMap((failure) => (isOf(entry, failure) ? (failure.row ?? []) : [])) : [];
  if (inRows.length > 0) return { state: 'rowless', rows: [...new Set(inRows)].sort() };
  // Only where it was judged can something be said to pass; and who failed otherwise has not shown that he mended this.
  const judged = own.filter(({ verdict }) => verdict === 'pass' || isBad({ verdict }));
  if (judged.length === 0) return { state: 'unjudged' };
  return { state: judged.every(({ verdict }) => verdict === 'pass') ? 'stale' : 'otherwise' };
}

/** Entries that name everything that fails in a run; invariants only where that is asked for. */
export function entriesFor(
  checks: readonly CheckResult[],
  invariants: readonly InvariantResult[],
  by: Pick<BaselineEntry, 'owner' | 'reason' | 'expires'>,
): BaselineEntry[] {
  const found = new Map<string, BaselineEntry>();
  for (const result of [...checks, ...invariants].filter(isBad))
    for (const { check, sub, channel, row, code } of failuresOf(result)) {
      const of = { sub, channel: 'cohort' in result ? undefined : channel, row };
      const given = Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined));
      found.set(JSON.stringify([check, of, code]), { check, ...given, code, ...by });
    }
  return [...found.values()];
}
