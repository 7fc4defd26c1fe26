import type { Resource, Stored } from './resource.ts';

/** Appointment states that a change into is an act of its own. */
const STATUS_ACTS: Record<string, string> = {
  cancelled: 'cancel',
  noshow: 'no-show',
  arrived: 'arrive',
  'checked-in': 'arrive',
  fulfilled: 'complete',
};

/** What a write through the FHIR face means in the clinic; control commits say it themselves. */
export function actOf(before: Stored | undefined, after: Resource): string {
  const type = after.resourceType;
  if (!before) return type === 'Patient' ? 'register' : type === 'Appointment' ? 'book' : 'create';
  if (type !== 'Appointment') return 'update';
  if (before.status !== after.status) return STATUS_ACTS[String(after.status)] ?? 'modify';
  return before.start !== after.start || before.end !== after.end ? 'reschedule' : 'modify';
}
