import type { Appointment, AppointmentParticipant } from '@medplum/fhirtypes';
import { type Occurrence, type Segment, segment } from '../message/build.ts';
import { formatTime } from '../message/time.ts';
import type { SiteFacts } from '../site.ts';

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

interface Part {
  id: string;
  display: string;
}

function participant(appointment: Appointment, type: string): Part | undefined {
  const actor = appointment.participant?.find((each: AppointmentParticipant) =>
    each.actor?.reference?.startsWith(`${type}/`),
  )?.actor;
  return actor && { id: actor.reference!.slice(type.length + 1), display: actor.display ?? '' };
}

/** Id of the patient of an appointment. */
export const patientOf = (appointment: Appointment): string | undefined => participant(appointment, 'Patient')?.id;

/** The contact serial number, by which hospital and scheduling messages know the visit. */
export const csnOf = (appointment: Appointment): string => appointment.identifier?.[0]?.value ?? appointment.id ?? '';

/** A provider as XCN; FHIR shows "Given Family", whatever the number of given names. */
function xcn(provider: Part | undefined): Occurrence {
  if (!provider) return undefined;
  const cut = provider.display.lastIndexOf(' ');
  return [provider.id, provider.display.slice(cut + 1), provider.display.slice(0, Math.max(cut, 0))];
}

/** A place as PL: its code, and its name as the description (PL.9). */
const pl = (place: Part | undefined): Occurrence => place && [place.id, '', '', '', '', '', '', '', place.display];

function minutesOf({ start, end, minutesDuration }: Appointment): string | undefined {
  if (minutesDuration !== undefined) return String(minutesDuration);
  return start && end ? String((Date.parse(end) - Date.parse(start)) / 60_000) : undefined;
}

const typeOf = ({ appointmentType, serviceType }: Appointment): Occurrence => {
  const type = appointmentType ?? serviceType?.[0];
  return type && [type.coding?.[0]?.code, type.text ?? type.coding?.[0]?.display];
};

/** SCH. @param reason of the event: why it was cancelled, or what happened. */
export function sch(facts: SiteFacts, appointment: Appointment, reason: string): Segment {
  const at = (when: string | undefined): string | undefined => when && formatTime(when, facts.timeZone, facts.dialect.slot);
  const why = appointment.reasonCode?.[0];
  const minutes = minutesOf(appointment);
  return segment('SCH', {
    1: csnOf(appointment),
    2: csnOf(appointment),
    6: ['', appointment.cancelationReason?.text ?? appointment.cancelationReason?.coding?.[0]?.display ?? reason],
    7: why && [why.coding?.[0]?.code, why.text ?? why.coding?.[0]?.display],
    8: typeOf(appointment),
    9: minutes,
    10: minutes && 'MIN',
    11: ['', '', '', at(appointment.start), at(appointment.end)],
    25: STATUS[appointment.status ?? ''] ?? appointment.status,
  });
}

/** PV1 of a scheduled visit: outpatient, with the CSN as the visit number. */
export const visit = (appointment: Appointment): Segment =>
  segment('PV1', {
    1: '1',
    2: 'O',
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
    segment('AIS', { 1: '1', 2: action, 3: typeOf(appointment), 4: start, 7: minutesOf(appointment), 8: 'MIN' }),
    place && segment('AIL', { 1: '1', 2: action, 3: pl(place), 6: start }),
    provider && segment('AIP', { 1: '1', 2: action, 3: xcn(provider), 6: start }),
  ];
  return [segment('RGS', { 1: '1', 2: action }), ...reserved.filter((each) => each !== undefined)];
}
