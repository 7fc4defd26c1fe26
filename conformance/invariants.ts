import { findCanaries } from '#fixtures';
import { fail, untestable } from './check.ts';
import type { Evidence } from './facts/evidence.ts';
import { type History, imageAt, type Resource, type Row, wordsOf } from './facts/facts.ts';
import type { Finding, InvariantResult } from './result.ts';

interface Invariant {
  id: InvariantResult['id'];
  title: string;
  /** What goes wrong for a patient or a clinic when it is broken. */
  harm: string;
  judge(evidence: Evidence, cohort: string): Finding[];
}

/** Rules that hold for everybody, always; judged per cohort, as rows of their own. */
export const INVARIANTS: readonly Invariant[] = [
  {
    id: 'G1',
    title: 'One live CRM record per live patient',
    harm: 'Half of what is known of a patient stands in a record that nobody opens, and reminders go out twice or not at all.',
    judge: oneLiveRow,
  },
  {
    id: 'G2',
    title: "No record holds another patient's value",
    harm: "One patient's phone, visit or result is acted on for another.",
    judge: nothingCrossed,
  },
  {
    id: 'G3',
    title: 'Every EHR-owned value is one that the EHR held',
    harm: 'Staff act on a value that no clinician ever wrote down.',
    judge: nothingInvented,
  },
  {
    id: 'G4',
    title: 'Nothing outside the map reaches the CRM',
    harm: 'What the chart says about a patient can be read by people whom it is none of their business.',
    judge: nothingUnmapped,
  },
  {
    id: 'G5',
    title: 'At the end, the CRM is as the map asks',
    harm: 'Long after the trouble is over somebody is still called on the old number.',
    judge: mappedAtTheEnd,
  },
];

function oneLiveRow(evidence: Evidence, cohort: string): Finding[] {
  return evidence.facts.truthOf(cohort).flatMap((history) => {
    if (history.type !== 'Patient') return [];
    const rows = evidence.rowsFor(history);
    const live = rows.filter((row) => evidence.isLive(row.type, imageAt(row)));
    const asleep = live.length > 0 || !isAlive(imageAt(history)) ? [] : rows.slice(0, 1);
    if (asleep.length > 0) return asleep.map((row) => notLive(evidence, row));
    // A map may mirror a patient in several objects: one row in each.
    return [...Map.groupBy(live, (row) => row.type).values()].flatMap((rows) =>
      rows.length <= 1
        ? []
        : [
            fail('duplicate', `${rows.length} live CRM records stand for one patient.`, {
              expected: '1',
              actual: String(rows.length),
              evidence: rows.map((row) => row.versions[0]!.event),
            }),
          ],
    );
  });
}

// Alive and in use: who died, moved away or was merged may well be out of use in the CRM.
function isAlive(patient: Resource | null): boolean {
  const { active, deceasedBoolean, deceasedDateTime, link = [] } = (patient ?? { active: false }) as Record<string, unknown>;
  const merged = (link as { type?: string }[]).some(({ type }) => type === 'replaced-by');
  return active !== false && deceasedBoolean !== true && deceasedDateTime === undefined && !merged;
}

function notLive(evidence: Evidence, row: History<Row>): Finding {
  const condition = evidence.oracle.map.objects.find(({ object }) => object === row.type)?.live_when ?? '';
  return fail('not-live', `A live patient has one ${row.type}, and it does not count as live.`, {
    expected: condition,
    actual: 'not so',
    evidence: [row.versions.at(-1)!.event],
  });
}

function nothingCrossed(evidence: Evidence, cohort: string): Finding[] {
  const owners = evidence.tokensOf(cohort);
  return evidence.facts.crmOf(cohort).flatMap((row) => {
    const own = evidence.patientOf(row);
    if (!own) return [];
    return row.versions.flatMap((version) => {
      const text = JSON.stringify(version.image);
      const foreign = [...wordsOf(text), ...findCanaries(text)].find((word) => owners.has(word) && owners.get(word) !== own.key);
      return foreign
        ? [
            fail('crossed', `${row.type} of one patient holds ${foreign}, which is another patient's.`, {
              actual: foreign,
              evidence: [version.event],
            }),
          ]
        : [];
    });
  });
}

function mappedAtTheEnd(evidence: Evidence, cohort: string): Finding[] {
  if (evidence.facts.checks.get(cohort)?.aborted) return [untestable('not-reached', 'The run was ended before the check was.')];
  return evidence.asMapped(cohort);
}

function nothingInvented(evidence: Evidence, cohort: string): Finding[] {
  return evidence.facts.crmOf(cohort).flatMap((row) => evidence.inventedValues(row));
}

function nothingUnmapped(evidence: Evidence, cohort: string): Finding[] {
  return evidence.facts.crmOf(cohort).flatMap((row) =>
    row.versions
      .flatMap((version, i) => {
        // The hidden contact of a person account is the CRM's own: it shows what stands on the account.
        if (!version.actor.startsWith('client:') || (row.type === 'Contact' && version.image?.IsPersonAccount === true))
          return [];
        // What somebody else put there before is not the subject's doing.
        const before: Partial<Row> = row.versions[i - 1]?.image ?? {};
        return Object.entries(version.image ?? {})
          .filter(([field, value]) => value !== null && value !== before[field] && !evidence.mayHold(row.type, field, value))
          .map(([field]) =>
            fail('unmapped', `${row.type}.${field} was filled, but the map does not name it.`, {
              evidence: [version.event],
              actual: field,
            }),
          );
      })
      .slice(0, 1),
  );
}
