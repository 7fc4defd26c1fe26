import { fileAppointment } from './appointment.ts';
import type { Filer } from './intake.ts';
import { fileMerge } from './merge.ts';
import { filePerson } from './person.ts';

/** Every message that a hospital takes, and what files it. */
export const FILERS: Readonly<Record<string, Filer>> = {
  'ADT^A08': filePerson('update'),
  'ADT^A31': filePerson('update-person'),
  'ADT^A40': fileMerge,
  'SIU^S12': fileAppointment,
  'SIU^S13': fileAppointment,
  'SIU^S14': fileAppointment,
  'SIU^S15': fileAppointment,
  'SIU^S26': fileAppointment,
};
