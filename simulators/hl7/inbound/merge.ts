import type { Patient } from '@medplum/fhirtypes';
import { Refusal } from '../message/ack.ts';
import { hasSegment } from '../message/parse.ts';
import { type Filer, findPerson, survivorOf } from './intake.ts';

type Link = NonNullable<Patient['link']>[number];

/** ADT A40: the record in MRG goes into the one in PID. */
export const fileMerge: Filer = async (message, intake) => {
  if (!hasSegment(message, 'MRG')) throw new Refusal('AE', 100, 'MRG^1', 'the segment MRG is missing');
  const survivor = await findPerson(message, intake);
  const retired = await findPerson(message, intake, 'MRG');
  if (survivor.id === retired.id) throw new Refusal('AE', 205, 'MRG^1^1', 'a record cannot be merged into itself');
  const into = survivorOf(retired);
  // Told twice, it is done once.
  if (into === `Patient/${survivor.id}`) return undefined;
  if (into) throw new Refusal('AE', 204, 'MRG^1^1', 'this record was merged into another');
  const link = (to: Patient, type: Link['type']): Link => ({ other: { reference: `Patient/${to.id}` }, type });
  const change = (of: Patient, patch: Record<string, unknown>) => ({ op: 'update' as const, type: 'Patient', id: of.id!, patch });
  return {
    act: 'merge',
    cohort: intake.people.about(survivor.id!)?.cohort,
    changes: [
      change(retired, { active: false, link: [...(retired.link ?? []), link(survivor, 'replaced-by')] }),
      change(survivor, { link: [...(survivor.link ?? []), link(retired, 'replaces')] }),
    ],
  };
};
