import type { Appointment, Reference } from '@medplum/fhirtypes';
import { type Occurrence, type Segment, segment } from '../message/build.ts';
import { formatTime } from '../message/time.ts';
import type { SiteFacts } from '../site.ts';
import { local } from './coded.ts';
import { idIn, pl, xcn } from './place.ts';

/** SCH-25, filler status (HL7 table 0278), as the v2-to-FHIR map pairs them with FHIR's. */
const STATUS: Record<string, string> = {
  proposed: 'Pending',
  pending: 'Pending',
  waitlist: 'Waitlist',
  booked: 'Booked',
  arrived: 'Started',
  'checked-in': 'Started',
  fulfilled: 'Complete',
  cancelled: 'Cancelled',
  noshow: 'Noshow',
  'entered-in-error': 'Deleted',
};

const participant = (appointment: Appointment, type: string): Reference | undefined =>
  appointment.participant?.find(({ actor }) => idIn(actor, type))?.actor;

/** Id of the patient of an appointment. */
export const patientOf = (appointment: Appointment): string | undefined => idIn(participant(appointment, 'Patient'));

/** The contact serial number, by which hospital and scheduling messages know the visit. */
export const csnOf = (appointment: Appointment): string => appointment.identifier?.[0]?.value ?? appointment.id ?? '';

function minutesOf({ start, end, minutesDuration }: Appointment): string | undefined {
  if (minutesDuration !== undefined) return String(minutesDuration);
  return start && end ? String((Date.parse(end) - Date.parse(start)) / 60_000) : undefined;
}

const typeOf = (facts: SiteFacts, { appointmentType, serviceType }: Appointment): Occurrence =>
  local(facts, appointmentType ?? serviceType?.[0]);

/** SCH, and TQ1 in versions whose SCH tells no time. @param reason of the event: why it was cancelled, or what happened. */
export function sch(facts: SiteFacts, appointment: Appointment, reason: string): Segment[] {
  const at = (when: string | undefined): string | undefined => when && formatTime(when, facts.timeZone, facts.dialect.slot);
  const why = appointment.reasonCode?.[0];
  const minutes = minutesOf(appointment);
  const [start, end] = [at(appointment.start), at(appointment.end)];
  const timing = facts.version.timing === 'TQ1' && start ? [segment('TQ1', { 1: '1', 7: start, 8: end })] : [];
  const header = segment('SCH', {
    1: csnOf(appointment),
    2: csnOf(appointment),
    6: ['', appointment.cancelationReason?.text ?? appointment.cancelationReason?.coding?.[0]?.display ?? reason],
    7: local(facts, why),
    8: typeOf(facts, appointment),
    9: minutes,
    10: minutes && 'MIN',
    11: ['', '', '', start, end],
    25: STATUS[appointment.status ?? ''] ?? appointment.status,
  });
  return [header, ...timing];
}

/** PV1 of a scheduled visit: outpatient, with the CSN as the visit number. */
export const visit = ({ dialect }: SiteFacts, appointment: Appointment): Segment =>
  segment('PV1', {
    1: '1',
    2: dialect.patientClass ? 'O' : undefined,
    3: pl(participant(appointment, 'Location')),
    7: xcn(participant(appointment, 'Practitioner')),
    19: csnOf(appointment),
  });

/** RGS with what is reserved: service, location, provider. @param action A, U or D (HL7 table 0206). */
export function resources(facts: SiteFacts, appointment: Appointment, action: 'A' | 'U' | 'D'): Segment[] {
  const start = appointment.start && formatTime(appointment.start, facts.timeZone, facts.dialect.slot);
  const place = participant(appointment, 'Location');
  const provider = participant(appointment, 'Practitioner');
  const reserved = [
    segment('AIS', { 1: '1', 2: action, 3: typeOf(facts, appointment), 4: start, 7: minutesOf(appointment), 8: 'MIN' }),
    place && segment('AIL', { 1: '1', 2: action, 3: pl(place), 6: start }),
    provider && segment('AIP', { 1: '1', 2: action, 3: xcn(provider), 6: start }),
  ];
  return [segment('RGS', { 1: '1', 2: action }), ...reserved.filter((each) => each !== undefined)];
}
