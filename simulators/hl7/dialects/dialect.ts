import type { TimeStyle } from '../message/time.ts';

/** Who sends: MSH-3 and MSH-4. */
export interface Sender {
  application: string;
  facility: string;
}

/** How one vendor's interface engine writes messages: a table; what it does not state is the same for all. */
export interface Dialect {
  readonly name: string;
  /** MSH-12. */
  readonly version: string;
  /** MSH-3 and MSH-4 when the site sets none. */
  readonly sender: (site: string) => Sender;
  /** Times in MSH-7 and EVN-2. */
  readonly stamp: TimeStyle;
  /** Times in SCH, AIS, AIL and AIP. */
  readonly slot: TimeStyle;
  /** CX-5 of the MRN (HL7 table 0203). */
  readonly mrnType: string;
  /** Where each stated habit comes from. */
  readonly sources: readonly string[];
}
