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
 * The charts of a cohort at a moment, by patient: all that is said of somebody, what charts that were merged into this one
 * said too; never what was recorded in error.
 */
export function chartsOf(facts: Facts, cohort: string, at = Number.POSITIVE_INFINITY): ReadonlyMap<string, Chart> {
  const charts = new Map<string, Record<string, Resource[]>>();
  for (const history of facts.truthOf(cohort)) {
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

/** When what is read of those types in a patient's cohort changed (µs): whatever is worked out of a chart can change then. */
export const chartMoments = (facts: Facts, patient: History<Resource>, types: readonly string[]): number[] =>
  facts
    .truthOf(patient.cohort ?? '')
    .flatMap(({ type, versions }) => (types.includes(type) ? versions.map((version) => version.at) : []));

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
