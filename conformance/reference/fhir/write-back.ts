import type { Fields, Link, Value } from '../model.ts';
import { Failure, isRetryable } from '../retry.ts';
import type { Site } from '../settings.ts';
import type { Steps } from '../steps.ts';
import type { Fhir } from './client.ts';
import type { Patient } from './map.ts';

export type Operation = { op: 'add' | 'replace' | 'remove'; path: string; value?: unknown };
type Language = NonNullable<Patient['communication']>[number];

/** The version that a change is made from: a server that holds another one by now refuses the change. */
export const basedOn = (patient: Patient): string | undefined => patient.meta?.versionId;

/**
 * What makes the language that a CRM user chose the preferred one of a patient as it was read. A list can only be replaced as a
 * whole, so that whatever else stands in it is said again: hence nobody may change it between the reading and the writing.
 */
export function patchOf(patient: Patient, edit: Fields, site: Site): Operation[] {
  if (!('Preferred_Language__c' in edit)) return [];
  const held = patient.communication ?? [];
  const communication = withPreferred(held, edit.Preferred_Language__c ?? null);
  if (JSON.stringify(communication) === JSON.stringify(held)) return [];
  const op = patient.communication || site.fhir?.replacesOnly ? 'replace' : 'add';
  if (communication.length > 0 || site.fhir?.replacesOnly) return [{ op, path: '/communication', value: communication }];
  return [{ op: 'remove', path: '/communication' }];
}

function withPreferred(held: Language[], code: Value): Language[] {
  const codeOf = ({ language }: Language) => language?.coding?.[0]?.code;
  const others = held
    .filter((one) => codeOf(one) !== code && !(code === null && one.preferred))
    .map(({ preferred: _, ...one }) => one);
  if (code === null) return others;
  const known = held.find((one) => codeOf(one) === code)?.language;
  const system = held[0]?.language?.coding?.[0]?.system ?? 'urn:ietf:bcp:47';
  return [{ language: known ?? { coding: [{ system, code: String(code) }] }, preferred: true }, ...others];
}

/** How often somebody may be quicker before the next edit has its turn. */
const ROUNDS = 5;
/** Oracle Health says 409 for a version that is gone, others 412. */
const STALE = [409, 412];

/** Carries an edit into the chart, as often read and merged anew as somebody else was quicker. */
export async function patchPatient(
  fhir: Fhir,
  site: Site,
  link: Link,
  edit: Fields,
  steps: Steps,
): Promise<'accepted' | 'refused' | 'unknown'> {
  try {
    const id = link.fhirId ?? (await steps.findPatient(fhir, site, String(link.desired.MRN__c?.value)))?.id;
    if (!id) return 'unknown';
    for (let round = 0; round < ROUNDS; round += 1) {
      const patient = await fhir.read<Patient>(`Patient/${id}`);
      const operations = steps.patchOf(patient, edit, site);
      if (operations.length === 0) return 'accepted';
      const stale = await fhir.patch(`Patient/${id}`, steps.basedOn(patient), operations).then(
        () => false,
        (error: unknown) => {
          if (error instanceof Failure && STALE.includes(error.status) && steps.basedOn(patient) !== undefined) return true;
          throw error;
        },
      );
      if (!stale) return 'accepted';
    }
    return 'unknown';
  } catch (error) {
    return error instanceof Failure && !isRetryable(error) ? 'refused' : 'unknown';
  }
}
