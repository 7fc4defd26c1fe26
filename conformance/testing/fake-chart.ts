import type { RecordRef } from '#simulators';
import { patientReference } from '../oracle/chart.ts';
import { isInError } from '../reference/fhir/clinical-map.ts';
import type { Allergy, Condition, Encounter, Observation, ServiceRequest } from '../reference/fhir/clinical-types.ts';
import type { Site } from '../reference/settings.ts';
import { referenceSteps as steps } from '../reference/steps.ts';
import type { Image } from './behaviour.ts';
import { AUTHORITY } from './journal-builder.ts';

const HOSPITAL = { timeZone: 'America/New_York' } as Site;
const NOW = Date.parse('2026-03-02T12:00:00.000Z');

/** The id of the patient whom a clinical record is about; undefined for a patient or an appointment. */
export function chartedPatient({ type }: RecordRef, image: Image | null): string | undefined {
  if (type === 'Patient' || type === 'Appointment') return undefined;
  return patientReference(image ?? {})?.replace('Patient/', '');
}

/** What the Contact shows of a chart. */
export function summaryOf(chart: readonly Image[]): Image {
  const of = <T>(type: string) => chart.filter((one) => one.resourceType === type && !isInError(one)) as unknown as T[];
  const observations = of<Observation>('Observation');
  return {
    ...steps.mapVisits(of<Encounter>('Encounter'), HOSPITAL, steps),
    ...steps.mapProblems(of<Condition>('Condition'), observations, NOW, steps),
    ...steps.mapWeight(observations, steps),
  };
}

/** The row that a clinical record has of its own: its object, and its fields or null where there is to be none. */
export function rowOf(image: Image): { object: string; key: string; fields: Image | null } | undefined {
  const key = `${AUTHORITY}|${image.id}`;
  const row = (object: string, fields: Image, wanted = true) => ({
    object,
    key,
    fields: wanted && !isInError(image) ? { EHR_Key__c: key, ...fields } : null,
  });
  const record = image as unknown;
  if (image.resourceType === 'ServiceRequest')
    return row('Referral__c', steps.mapReferral(record as ServiceRequest, HOSPITAL, steps));
  if (image.resourceType === 'AllergyIntolerance') return row('Allergy__c', steps.mapAllergy(record as Allergy, steps));
  if (image.resourceType === 'Observation')
    return row('Finding__c', steps.mapFinding(record as Observation), steps.isFinding(record as Observation));
  return undefined;
}
