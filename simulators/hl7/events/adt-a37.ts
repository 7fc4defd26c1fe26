import type { Patient } from '@medplum/fhirtypes';
import { pid } from '../segments/pid.ts';
import { defineTrigger, images, type Subject } from './trigger.ts';

const linked = ({ link }: Patient, type: string): string | undefined =>
  link?.find((each) => each.type === type)?.other?.reference?.replace(/^Patient\//, '');

export const adtA37 = defineTrigger({
  message: 'ADT^A37',
  structure: 'ADT_A37',
  acts: ['unlink'],
  doc: 'Two records that were taken for one person are apart again: the first PID remained, the second one is back.',
  subjects: (event, people): (Subject | string)[] => {
    const patients = images<Patient>(event, 'Patient');
    const back = patients.find(({ before }) => before && linked(before, 'replaced-by')) ?? patients[1];
    const id = back?.before && linked(back.before, 'replaced-by');
    const stayed = patients.find((each) => each !== back && (!id || each.ref.id === id));
    const patient = stayed?.after ?? (id ? people.get(id)?.patient : undefined);
    if (!back || !patient) return ['no Patient of this commit was replaced by another before'];
    return [{ patient, held: [], other: back.after, records: patients.map(({ ref }) => ref) }];
  },
  segments: (facts, { patient, other }) => [pid(facts, patient), pid(facts, other!)],
});
