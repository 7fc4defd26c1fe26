import type { Stored } from '../engine/resource.ts';
import { isOpen } from '../v1/appointment-fields.ts';

type Image = (Stored & { status?: string }) | null;

/** Topics that something here gives rise to; athenahealth has more (aone-fhir-subscriptions README, section 6). */
export const TOPICS: readonly string[] = [
  ...['schedule', 'reschedule', 'update', 'cancel', 'check-in', 'check-out'].map((name) => `Appointment.${name}`),
  ...['create', 'update', 'merge', 'delete'].map((name) => `Patient.${name}`),
  ...['check-in', 'signoff'].map((name) => `Encounter.${name}`),
];

const APPOINTMENT: Record<string, string> = {
  book: 'schedule',
  reschedule: 'reschedule',
  cancel: 'cancel',
  arrive: 'check-in',
  complete: 'check-out',
};

/** Resource type of a topic. */
export const typeOf = (topic: string): string => topic.replace(/\..*$/, '');

/** The topic of what a commit did to a record; undefined where none tells of it. */
export function topicOf(type: string, act: string, before: Image, after: Image): string | undefined {
  if (type === 'Patient') {
    const name = !after ? 'delete' : !before ? 'create' : act === 'merge' ? 'merge' : 'update';
    return `Patient.${name}`;
  }
  if (type === 'Appointment') {
    if (!after || isOpen(after)) return undefined;
    if (after.status === 'cancelled' && before?.status !== 'cancelled') return 'Appointment.cancel';
    if (!before || isOpen(before)) return act === 'reschedule' ? 'Appointment.reschedule' : 'Appointment.schedule';
    return `Appointment.${APPOINTMENT[act] ?? 'update'}`;
  }
  if (type === 'Encounter' && after) {
    if (!before || (after.status === 'arrived' && before.status !== 'arrived')) return 'Encounter.check-in';
    if (after.status === 'finished' && before.status !== 'finished') return 'Encounter.signoff';
  }
  return undefined;
}
