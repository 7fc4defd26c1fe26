import { COMMON, toServiceRequest } from '#fixtures';
import type { Handle, PatientHandle, World } from './world.ts';

/** Refers a patient to a cardiologist of the house, to be seen within three weeks. */
export async function referral(world: World, name: string, patient: PatientHandle): Promise<Handle> {
  const order = toServiceRequest({
    patientRef: `Patient/${patient.ref.id}`,
    code: COMMON.cardiology,
    occurrence: { start: world.day(2), end: world.day(21) },
    authored: world.day(-1),
    performer: (await world.staff('cardiologist')).practitioner,
  });
  return world.chart(name, 'refer', order);
}
