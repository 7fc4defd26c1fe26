import type { Encounter, EncounterLocation } from '@medplum/fhirtypes';
import { type Segment, segment } from '../message/build.ts';
import type { SiteFacts } from '../site.ts';
import { coded, local } from './coded.ts';
import { moment, pl, xcn } from './place.ts';

/** PV1-2 (HL7 table 0004) by the class of a FHIR encounter, as the v2-to-FHIR map pairs them. */
const CLASSES: Record<string, string> = {
  AMB: 'O',
  VR: 'O',
  HH: 'O',
  SS: 'O',
  OBSENC: 'O',
  EMER: 'E',
  FLD: 'E',
  IMP: 'I',
  ACUTE: 'I',
  NONAC: 'I',
  PRENC: 'P',
};

const of = (encounter: Encounter, role: string) =>
  encounter.participant?.find(({ type }) => type?.some(({ coding }) => coding?.some(({ code }) => code === role)))?.individual;

const at = (encounter: Encounter, ...statuses: string[]): EncounterLocation | undefined =>
  encounter.location?.findLast(({ status }) => statuses.includes(status ?? 'active'));

/** The number by which hospitals know a visit (PV1-19). */
export const visitNumber = (encounter: Encounter): string => encounter.identifier?.[0]?.value ?? encounter.id ?? '';

/**
 * PV1, and PV2 where there is a reason to admit. @param as replaces the class: P for a pre-admission. @param moved the
 * former place goes into PV1-6.
 */
export function visitSegments(
  facts: SiteFacts,
  encounter: Encounter,
  { as, moved = false }: { as?: string; moved?: boolean } = {},
): Segment[] {
  const { period, hospitalization, reasonCode, type, serviceType } = encounter;
  const doctors = (role: string) => xcn(of(encounter, role));
  const sole = encounter.participant?.find(({ individual }) => individual)?.individual;
  const named = encounter.participant?.some(({ type: roles }) => roles?.length);
  const pv1 = segment('PV1', {
    1: '1',
    2: facts.dialect.patientClass ? (as ?? CLASSES[encounter.class?.code ?? ''] ?? 'U') : undefined,
    3: pl(at(encounter, 'active', 'planned', 'reserved')?.location ?? encounter.location?.at(-1)?.location),
    6: moved ? pl(at(encounter, 'completed')?.location) : undefined,
    7: named ? doctors('ATND') : xcn(sole),
    8: doctors('REF'),
    9: doctors('CON'),
    10: one(local(facts, serviceType)),
    14: one(local(facts, hospitalization?.admitSource)),
    17: doctors('ADM'),
    18: one(local(facts, type?.[0])),
    19: visitNumber(encounter),
    36: one(local(facts, hospitalization?.dischargeDisposition)),
    44: moment(period?.start, facts),
    45: moment(period?.end, facts),
  });
  const reason = reasonCode?.[0];
  return reason ? [pv1, segment('PV2', { 3: coded(reason) })] : [pv1];
}

// These fields hold a plain code (data type IS).
const one = (code: ReturnType<typeof local>): string | undefined =>
  typeof code === 'object' ? ((code[0] as string | undefined) ?? (code[1] as string | undefined)) : code;
