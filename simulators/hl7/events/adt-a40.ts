import type { Patient } from '@medplum/fhirtypes';
import { segment } from '../message/build.ts';
import { cx, mrnOf, pid, xpn } from '../segments/pid.ts';
import { defineTrigger, images, type Subject } from './trigger.ts';

const survivorId = ({ link }: Patient): string | undefined =>
  link?.find(({ type }) => type === 'replaced-by')?.other?.reference?.replace(/^Patient\//, '');

export const adtA40 = defineTrigger({
  message: 'ADT^A40',
  structure: 'ADT_A39',
  acts: ['merge'],
  doc: 'Two records of one person became one: PID is the survivor, MRG the retired one.',
  subjects: (event, people) => {
    const patients = images<Patient>(event, 'Patient');
    const retired = patients.filter(({ after }) => survivorId(after));
    if (retired.length === 0) return ['no Patient of this merge is replaced by another'];
    return retired.map(({ ref, after }): Subject | string => {
      const id = survivorId(after)!;
      const survivor = patients.find((each) => each.ref.id === id)?.after ?? people.get(id)?.patient;
      if (!survivor) return `the survivor Patient/${id} is unknown to this link`;
      // What moves with the retired record (its appointments) is told by the merge itself.
      const others = (event.records ?? []).filter((record) => record.type !== 'Patient' || record.id === id);
      return { patient: survivor, held: [], retired: after, records: [ref, ...others] };
    });
  },
  segments: (facts, { patient, retired }) => {
    const mrn = retired && mrnOf(retired, facts.authority);
    return [pid(facts, patient), segment('MRG', { 1: mrn && cx(facts, mrn), 7: retired && xpn(retired) })];
  },
});
