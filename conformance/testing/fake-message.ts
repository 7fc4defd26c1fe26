import type { Image, Mistake } from './behaviour.ts';

/** Messages by the act that leads to them; no others are known. */
export const MESSAGES: Record<string, string> = {
  register: 'ADT^A04',
  add: 'ADT^A28',
  update: 'ADT^A08',
  'update-person': 'ADT^A31',
  merge: 'ADT^A40',
  book: 'SIU^S12',
  reschedule: 'SIU^S13',
  modify: 'SIU^S14',
  arrive: 'SIU^S14',
  complete: 'SIU^S14',
  cancel: 'SIU^S15',
  'no-show': 'SIU^S26',
  'delete-appointment': 'SIU^S17',
};

const SEX: Record<string, string> = { M: 'Male', F: 'Female', O: 'Other', U: 'Unknown' };

/** What a message given from outside says of a patient: fields that it leaves out are not there. */
export function readMessage(text: string): { mistake?: Mistake; isForeign: boolean; mrn?: string; fields: Image } {
  const segments = new Map(text.split('\r').map((line) => [line.slice(0, 3), line.split('|')]));
  // The separator itself is MSH-1, so that the fields of MSH stand one place lower than those of other segments.
  const [event, processing] = [segments.get('MSH')?.[8] ?? '', segments.get('MSH')?.[10]];
  const pid = segments.get('PID') ?? [];
  const mrn = pid[3]?.split('^')[0] || undefined;
  const [family, given] = (pid[5] ?? '').split('^');
  const birth = pid[7]?.replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3');
  const sex = pid[8] && SEX[pid[8]];
  const fields: Image = {
    ...(family && { LastName: family }),
    ...(given && { FirstName: given }),
    ...(birth && { Birthdate: birth }),
    ...(sex && { Sex__c: sex }),
  };
  const mistakes: Partial<Record<Mistake, boolean>> = {
    missing_segment: !mrn,
    processing_id: processing !== 'P',
    unknown_event: !Object.values(MESSAGES).includes(event),
    bad_value: Boolean(birth && Number.isNaN(Date.parse(birth))),
  };
  const mistake = (Object.keys(mistakes) as Mistake[]).find((one) => mistakes[one]);
  const sender = segments.get('MSH')?.slice(2, 4).join('^');
  return { mistake, isForeign: sender !== 'EPIC^EPIC', mrn, fields };
}
