import type { Appointment } from '@medplum/fhirtypes';
import type { Resource, Stored } from '../engine/resource.ts';
import { numberOf } from '../vendors/athena/ids.ts';
import { local } from './dates.ts';

/** Letters of `appointmentstatus` (docs.athenahealth.com, appointments). */
const LETTERS: Record<string, string> = {
  proposed: 'o',
  pending: 'f',
  booked: 'f',
  waitlist: 'f',
  arrived: '2',
  'checked-in': '2',
  fulfilled: '3',
  cancelled: 'x',
  // A missed visit is a cancelled one, with a reason; not verified.
  noshow: 'x',
  'entered-in-error': 'x',
};

/** The number of the participant of that type. */
export function participantOf(appointment: Resource, type: string): string | undefined {
  const { participant = [] } = appointment as unknown as Appointment;
  const reference = participant.find(({ actor }) => actor?.reference?.startsWith(`${type}/`))?.actor?.reference;
  return reference && numberOf(reference.slice(type.length + 1));
}

/** Is it a place in the schedule that nobody has? */
export const isOpen = (appointment: Resource): boolean =>
  appointment.status === 'proposed' && participantOf(appointment, 'Patient') === undefined;

/** An appointment as v1 shows it. Times are those of the department's wall, without offset. */
export function showAppointment(stored: Stored, zone: string): Record<string, unknown> {
  const appointment = stored as unknown as Appointment;
  const start = local(appointment.start, zone);
  const minutes =
    appointment.minutesDuration ?? (Date.parse(appointment.end ?? '') - Date.parse(appointment.start ?? '')) / 60_000;
  const type = appointment.appointmentType ?? appointment.serviceType?.[0];
  const letter = LETTERS[String(appointment.status)] ?? 'f';
  return {
    appointmentid: numberOf(stored.id),
    patientid: participantOf(stored, 'Patient'),
    providerid: participantOf(stored, 'Practitioner'),
    departmentid: participantOf(stored, 'Location'),
    date: start.date,
    starttime: start.time,
    duration: Number.isFinite(minutes) ? minutes : undefined,
    appointmentstatus: letter,
    appointmenttypeid: type?.coding?.[0]?.code,
    appointmenttype: type?.text ?? type?.coding?.[0]?.display,
    patientappointmenttypename: letter === 'o' ? undefined : (type?.text ?? type?.coding?.[0]?.display),
    cancelreasonname: letter === 'x' ? (appointment.cancelationReason?.text ?? appointment.status) : undefined,
    scheduleddatetime: letter === 'o' ? undefined : local(appointment.created ?? stored.meta.lastUpdated, zone).stamp,
    lastmodified: local(stored.meta.lastUpdated, zone).stamp,
  };
}
