import type { Appointment } from '@medplum/fhirtypes';
import type { Segment } from '../message/build.ts';
import type { Charset } from '../message/charset.ts';
import type { TimeStyle } from '../message/time.ts';

/** Who sends: MSH-3 and MSH-4. */
export interface Sender {
  application: string;
  facility: string;
}

/** How one vendor's interface engine writes messages: a table; what it does not state is the same for all. */
export interface Dialect {
  readonly name: string;
  /** MSH-12 when the site sets none. */
  readonly version: string;
  /** MSH-18 when the site sets none. */
  readonly charset: Charset;
  /** MSH-3 and MSH-4 when the site sets none. */
  readonly sender: (site: string) => Sender;
  /** MSH-10 from the site's own number, which has a fixed width and grows. What it gives must sort alike. */
  readonly control: (number: string) => string;
  /** The only messages that it sends; all when absent. */
  readonly only?: readonly string[];
  /** Messages that it never sends. */
  readonly omits: readonly string[];
  /** Times in MSH-7 and EVN-2. */
  readonly stamp: TimeStyle;
  /** Times in SCH, AIS, AIL and AIP, and of visits, results and documents. */
  readonly slot: TimeStyle;
  /** CX-5 of the MRN (HL7 table 0203). */
  readonly mrnType: string;
  /** How PID-3 names who assigned the MRN: `hd` is `SITE&1.2.3&ISO`, `pool` is `SITE` with the pool's name in CX-6, `bare` is nothing. */
  readonly authority: 'hd' | 'pool' | 'bare';
  /** PID-2 repeats the MRN. */
  readonly oldId: boolean;
  /** XAD-7 of the home address. */
  readonly homeAddress: string;
  /** XTN of phones: `full` has text, use and parts; `parts` leaves XTN-1 empty; `text` is the formatted number alone. */
  readonly phone: 'full' | 'parts' | 'text';
  /** Administrative codes (visit type, reason, appointment type): the code with its text, or the text in place of the code. */
  readonly codes: 'code' | 'display';
  /** Whether PV1-2 is valued. */
  readonly patientClass: boolean;
  /** Z segments at the end of messages about an appointment. */
  readonly appointmentEnd?: (appointment: Appointment) => Segment[];
  /** Where each stated habit comes from. */
  readonly sources: readonly string[];
}
