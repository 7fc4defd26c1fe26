import { type Facts, type History, imageAt, type Resource } from '../facts/facts.ts';
import type { Chart } from '../map/fhirpath.ts';
import { isInError, survivingPatient } from './truth.ts';

/** Where a resource says when it happened, clinically; the first that is there counts. */
const TIMES: Readonly<Record<string, readonly string[]>> = {
  Encounter: ['period.start'],
  Condition: ['recordedDate', 'onsetDateTime'],
  Observation: ['effectiveDateTime', 'effectivePeriod.start', 'issued'],
  ServiceRequest: ['authoredOn'],
  AllergyIntolerance: ['recordedDate', 'onsetDateTime'],
  MedicationRequest: ['authoredOn'],
  Immunization: ['occurrenceDateTime'],
  Consent: ['dateTime'],
  Coverage: ['period.start'],
};

/**
 * The charts that records make up at a moment, by patient: all that is said of somebody, what charts that were merged into this
 * one said too; never what was recorded in error.
 */
export function chartsOf(
  facts: Facts,
  records: readonly History<Resource>[],
  at = Number.POSITIVE_INFINITY,
): ReadonlyMap<string, Chart> {
  const charts = new Map<string, Record<string, Resource[]>>();
  for (const history of records) {
    if (history.type === 'Patient') continue;
    const image = imageAt(history, at);
    const reference = image && patientReference(image);
    if (!reference || isInError(image)) continue;
    const resolve = (of: string) => imageAt(facts.truth.get(`ehr/${history.tenant}/${of}`), at);
    const id = `${history.tenant}/${survivingPatient(reference, resolve)?.id}`;
    const chart = charts.get(id) ?? {};
    charts.set(id, chart);
    chart[history.type] ??= [];
    chart[history.type]?.push(image);
  }
  for (const chart of charts.values()) for (const list of Object.values(chart)) list.sort((a, b) => timeOf(a) - timeOf(b));
  return charts;
}

/**
 * The records of a cohort that can be in each patient's chart at any time: those that ever referred to the patient; all of them
 * where patients were merged, for then what is said of one is said of another.
 */
export function recordsByPatient(
  records: readonly History<Resource>[],
): (patient: History<Resource>) => readonly History<Resource>[] {
  const isMerged = ({ image }: { image: Resource | null }): boolean =>
    ((image?.link ?? []) as { type?: string }[]).some(({ type }) => type === 'replaced-by');
  if (records.some(({ type, versions }) => type === 'Patient' && versions.some(isMerged))) return () => records;
  const found = new Map<string, History<Resource>[]>();
  for (const record of records) {
    const references = record.versions.flatMap(({ image }) => (image && patientReference(image)) ?? []);
    for (const reference of new Set(references)) {
      const key = `${record.tenant}/${reference}`;
      const own = found.get(key);
      if (own) own.push(record);
      else found.set(key, [record]);
    }
  }
  return ({ tenant, versions }) => found.get(`${tenant}/Patient/${versions[0]?.ref.id}`) ?? [];
}

/** When what is read of those types among the records changed (µs): whatever is worked out of a chart can change then. */
export const chartMoments = (records: readonly History<Resource>[], types: readonly string[]): number[] =>
  types.length === 0
    ? []
    : records.flatMap(({ type, versions }) => (types.includes(type) ? versions.map((version) => version.at) : []));

/** The patient whom a resource is about, as it refers to them. */
export function patientReference(image: object): string | undefined {
  const { subject, patient, beneficiary, participant = [] } = image as Subject;
  const one = (subject ?? patient ?? beneficiary)?.reference;
  return one ?? participant.map(({ actor }) => actor?.reference).find((reference) => reference?.startsWith('Patient/'));
}

interface Subject {
  subject?: { reference?: string };
  patient?: { reference?: string };
  beneficiary?: { reference?: string };
  participant?: { actor?: { reference?: string } }[];
}

function timeOf(resource: Resource): number {
  for (const path of TIMES[resource.resourceType] ?? []) {
    const found = path
      .split('.')
      .reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], resource);
    if (typeof found === 'string') return Date.parse(found);
  }
  return 0;
}
