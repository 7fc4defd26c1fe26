import { fail } from './check.ts';
import type { Evidence } from './evidence.ts';
import { imageAt, type Row, wordsOf } from './facts.ts';
import type { Finding, InvariantResult } from './result.ts';

interface Invariant {
  id: InvariantResult['id'];
  title: string;
  judge(evidence: Evidence, cohort: string): Finding[];
}

/** Rules that hold for everybody, always; judged per cohort, as rows of their own. */
export const INVARIANTS: readonly Invariant[] = [
  { id: 'G1', title: 'One live CRM record per live patient', judge: oneLiveRow },
  { id: 'G2', title: "No record holds another patient's value", judge: nothingCrossed },
  { id: 'G3', title: 'Every EHR-owned value is one that the EHR held', judge: nothingInvented },
  { id: 'G4', title: 'Nothing outside the map reaches the CRM', judge: nothingUnmapped },
  { id: 'G5', title: 'At the end, the CRM is as the map asks', judge: (evidence, cohort) => evidence.asMapped(cohort) },
];

function oneLiveRow(evidence: Evidence, cohort: string): Finding[] {
  return evidence.facts.truthOf(cohort).flatMap((history) => {
    if (history.type !== 'Patient') return [];
    const live = evidence.rowsFor(history).filter((row) => evidence.isLive(row.type, imageAt(row) as Row));
    if (live.length <= 1) return [];
    const evidenceIds = live.map((row) => row.versions[0]!.event);
    return [
      fail('duplicate', `${live.length} live CRM records stand for one patient.`, {
        expected: '1',
        actual: String(live.length),
        evidence: evidenceIds,
      }),
    ];
  });
}

function nothingCrossed(evidence: Evidence, cohort: string): Finding[] {
  const owners = evidence.tokensOf(cohort);
  return evidence.facts.crmOf(cohort).flatMap((row) => {
    const own = evidence.patientOf(row);
    if (!own) return [];
    const ownText = new Set(own.versions.flatMap((version) => wordsOf(JSON.stringify(version.image))));
    return row.versions.flatMap((version) => {
      const foreign = wordsOf(JSON.stringify(version.image)).find(
        (word) => owners.has(word) && owners.get(word) !== own.key && !ownText.has(word),
      );
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

function nothingInvented(evidence: Evidence, cohort: string): Finding[] {
  return evidence.facts.crmOf(cohort).flatMap((row) => evidence.inventedValues(row));
}

function nothingUnmapped(evidence: Evidence, cohort: string): Finding[] {
  return evidence.facts.crmOf(cohort).flatMap((row) =>
    row.versions
      .filter((version) => version.actor.startsWith('client:'))
      .flatMap((version) =>
        Object.entries(version.image ?? {})
          .filter(([field, value]) => value !== null && value !== undefined && !evidence.mayHold(row.type, field, value))
          .map(([field]) =>
            fail('unmapped', `${row.type}.${field} was filled, but the map does not name it.`, {
              evidence: [version.event],
              actual: field,
            }),
          ),
      )
      .slice(0, 1),
  );
}
