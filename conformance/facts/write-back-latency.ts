import type { Evidence } from './evidence.ts';
import { type History, imageAt, type Resource, type Row } from './facts.ts';
import type { Sample } from './latency.ts';
import { changedFields } from './row-changes.ts';

/** One edit of a CRM user, and what became of it in the EHR. */
export type WriteBackSample = Pick<Sample, 'outcome' | 'micros'>;

/**
 * How long each edit of a field that the CRM owns took to be in the EHR, from commit to commit; `superseded` for one that a later
 * edit of the field overtook. Those that never came count with the time that they were waited for.
 */
export function writeBackSamples(
  evidence: Evidence,
  cohort: string,
  { from, end }: { from: number; end: number },
): WriteBackSample[] {
  return evidence.facts.truthOf(cohort).flatMap((history) =>
    evidence.everRowsFor(history).flatMap((row) =>
      editsOf(row)
        .filter(({ at }) => at > from && at <= end)
        .map((edit) => sampleOf(evidence, history, row, edit, end)),
    ),
  );
}

interface Edit {
  field: string;
  value: unknown;
  at: number;
}

function editsOf({ versions }: History<Row>): Edit[] {
  return versions.flatMap(({ actor, image, at }, i) => {
    if (!actor.startsWith('user:')) return [];
    return changedFields(versions[i - 1]?.image, image).map((field) => ({ field, value: image?.[field] ?? null, at }));
  });
}

function sampleOf(evidence: Evidence, history: History<Resource>, row: History<Row>, edit: Edit, end: number): WriteBackSample {
  const { oracle } = evidence;
  const rule = oracle.row(row.type, edit.field);
  if (rule?.owner !== 'crm') return { outcome: 'unchanged', micros: 0 };
  const holds = (image: Resource | null, value: unknown): boolean => {
    const outcome = image && oracle.outcome(rule, image, history.tenant);
    return oracle.same(rule, outcome?.state === 'value' ? outcome.value : null, value);
  };
  // When the EHR held a value first, at or after a moment: an edit back to what it never ceased to hold changes nothing there.
  const heldFrom = ({ at: from, value }: Edit): number | undefined =>
    holds(imageAt(history, from), value) ? from : history.versions.find(({ at, image }) => at >= from && holds(image, value))?.at;
  const seen = heldFrom(edit);
  if (seen !== undefined) return { outcome: seen === edit.at ? 'unchanged' : 'visible', micros: seen - edit.at };
  for (const later of editsOf(row)) {
    const overtaken = later.field === edit.field && later.at > edit.at ? heldFrom(later) : undefined;
    if (overtaken !== undefined) return { outcome: 'superseded', micros: overtaken - edit.at };
  }
  return { outcome: 'never', micros: end - edit.at };
}
