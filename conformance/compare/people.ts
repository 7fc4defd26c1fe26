import type { Evidence, Shown } from '../facts/evidence.ts';

/** A record of one run: whose people it belongs to, and the how many-th of its kind it is among them. */
export interface Place {
  /** Check and site. */
  cohort: string;
  /** `Patient 1`: in the order in which the check made them, since ids and names are other ones in each run. */
  record: string;
  object: string;
}

/** One thing in which the CRM shows comparable records differently. */
export interface CrmDifference extends Place {
  /** A field, or `(rows)`. */
  field: string;
  expected: [string, string];
  actual: [string, string];
  /** Which of the two is as the map asks. */
  ok: [boolean, boolean];
}

/** What cannot be compared, and why. */
export interface Incomparable {
  cohort: string;
  why: string;
}

interface Listed {
  record: string;
  shown: Shown;
}

// Records of the EHR in the order in which they came to be, numbered within their kind.
function listed(evidence: Evidence, cohort: string): Map<string, Listed> {
  const counts = new Map<string, number>();
  const found = new Map<string, Listed>();
  for (const history of evidence.facts.truthOf(cohort)) {
    const n = (counts.get(history.type) ?? 0) + 1;
    counts.set(history.type, n);
    const record = `${history.type} ${n}`;
    for (const shown of evidence.shown(history)) found.set(`${record} ${shown.object}`, { record, shown });
  }
  return found;
}

const rowsOf = ({ rows, live }: Shown): string => (rows === live ? String(rows) : `${rows}, ${live} of them live`);

/**
 * How the CRM differs in what two runs did to comparable people. Where both had the same stimulus, values are compared; else
 * only whether each field is as the map asks, since other people have other values.
 */
export function comparePeople(
  a: Evidence,
  b: Evidence,
  cohorts: readonly string[],
  sameStimulus: boolean,
): { differences: CrmDifference[]; incomparable: Incomparable[] } {
  const differences: CrmDifference[] = [];
  const incomparable: Incomparable[] = [];
  for (const cohort of cohorts) {
    const [ours, theirs] = [listed(a, cohort), listed(b, cohort)];
    if (ours.size !== theirs.size)
      incomparable.push({ cohort, why: `${ours.size} records against ${theirs.size}: those that both have are compared` });
    for (const [key, { record, shown: one }] of ours) {
      const other = theirs.get(key)?.shown;
      if (other) differences.push(...between(one, other, { cohort, record, object: one.object }, sameStimulus));
    }
  }
  return { differences, incomparable };
}

function between(a: Shown, b: Shown, place: Place, sameStimulus: boolean): CrmDifference[] {
  if (a.rows !== b.rows || a.live !== b.live) {
    const expected: [string, string] = [a.expected, b.expected];
    return [{ ...place, field: '(rows)', expected, actual: [rowsOf(a), rowsOf(b)], ok: [a.ok, b.ok] }];
  }
  return [...a.fields].flatMap(([field, one]) => {
    const other = b.fields.get(field);
    if (!other || (one.ok && other.ok)) return [];
    if (one.ok === other.ok && (!sameStimulus || one.actual === other.actual)) return [];
    const expected: [string, string] = [one.expected, other.expected];
    return [
      {
        ...place,
        field,
        expected,
        actual: [one.actual, other.actual] as [string, string],
        ok: [one.ok, other.ok] as [boolean, boolean],
      },
    ];
  });
}
