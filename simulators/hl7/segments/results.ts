import type { DiagnosticReport, Observation, ObservationComponent, Quantity, Range } from '@medplum/fhirtypes';
import { type Field, type Occurrence, type Segment, segment } from '../message/build.ts';
import type { SiteFacts } from '../site.ts';
import { coded } from './coded.ts';
import { moment, xcn } from './place.ts';

/** OBX-11 and OBR-25 (HL7 tables 0085 and 0123) by the status of a FHIR observation or report. */
const STATUS: Record<string, string> = {
  registered: 'I',
  partial: 'P',
  preliminary: 'P',
  final: 'F',
  amended: 'C',
  appended: 'C',
  corrected: 'C',
  cancelled: 'X',
  'entered-in-error': 'W',
};

type Valued = Observation | ObservationComponent;

const number = ({ value, comparator }: Quantity): Occurrence => (comparator ? [comparator, String(value)] : String(value));
const unit = ({ code, unit: text, system }: Quantity): Occurrence =>
  code || text ? [code ?? text, text, system === 'http://unitsofmeasure.org' ? 'UCUM' : undefined] : undefined;

/** OBX-2, OBX-5 and OBX-6. */
function heldBy(facts: SiteFacts, from: Valued): { type: string; value: Field; unit?: Field } | undefined {
  const { valueQuantity: quantity, valueCodeableConcept: concept, valueString: text } = from;
  if (quantity) return { type: quantity.comparator ? 'SN' : 'NM', value: number(quantity), unit: unit(quantity) };
  if (concept) return { type: facts.version.coded, value: coded(concept) };
  if (text !== undefined)
    return text.includes('\n') ? { type: 'FT', value: { lines: text.split('\n') } } : { type: 'ST', value: text };
  if (from.valueInteger !== undefined) return { type: 'NM', value: String(from.valueInteger) };
  if (from.valueBoolean !== undefined)
    return { type: facts.version.coded, value: [from.valueBoolean ? 'Y' : 'N', '', 'HL70136'] };
  if (from.valueDateTime) return { type: facts.version.time, value: moment(from.valueDateTime, facts) };
  if (from.valueRange) {
    const { low, high } = from.valueRange;
    return { type: 'SN', value: ['', text0(low), '-', text0(high)], unit: unit(low ?? high ?? {}) };
  }
  if (from.valueRatio) {
    const { numerator, denominator } = from.valueRatio;
    return { type: 'SN', value: [numerator?.comparator, text0(numerator), ':', text0(denominator)] };
  }
  return undefined;
}

const text0 = (quantity: Quantity | undefined): string | undefined => quantity?.value?.toString();

function referenceRange(from: Valued): string | undefined {
  const { text, low, high } = (from.referenceRange?.[0] ?? {}) as Range & { text?: string };
  if (text) return text;
  if (low && high) return `${low.value}-${high.value}`;
  if (low) return `>${low.value}`;
  return high && `<${high.value}`;
}

function obx(facts: SiteFacts, observation: Observation, from: Valued, n: number, sub: string | undefined): Segment {
  const held = heldBy(facts, from);
  return segment('OBX', {
    1: String(n),
    2: held?.type,
    3: coded(from.code),
    4: sub,
    5: held?.value,
    6: held?.unit,
    7: referenceRange(from),
    8: from.interpretation?.[0]?.coding?.[0]?.code,
    11: STATUS[observation.status ?? ''],
    14: moment(observation.effectiveDateTime ?? observation.effectivePeriod?.start, facts),
    16: xcn(observation.performer?.[0]),
    19: moment(observation.issued, facts),
  });
}

/** OBX segments of observations, numbered from 1. The parts of one with components share its OBX-4. */
export function observed(facts: SiteFacts, observations: readonly Observation[]): Segment[] {
  const parts = observations.flatMap((observation, at) => {
    const components: readonly Valued[] = observation.component ?? [];
    const whole: readonly Valued[] = components.length > 0 && !heldBy(facts, observation) ? [] : [observation];
    return [...whole, ...components].map((from) => ({
      observation,
      from,
      sub: components.length > 0 ? String(at + 1) : undefined,
    }));
  });
  return parts.map(({ observation, from, sub }, at) => obx(facts, observation, from, at + 1, sub));
}

/** The number by which the laboratory knows a result (OBR-3). */
const fillerNumber = ({ identifier, id }: DiagnosticReport | Observation): string | undefined => identifier?.[0]?.value ?? id;

/** OBR of a report, or of an observation that stands alone. */
export function obr(facts: SiteFacts, about: DiagnosticReport | Observation): Segment {
  const { basedOn, code, effectiveDateTime, effectivePeriod, issued, status, performer } = about;
  return segment('OBR', {
    1: '1',
    2: basedOn?.[0]?.identifier?.value ?? basedOn?.[0]?.reference?.split('/').at(-1),
    3: fillerNumber(about),
    4: coded(code),
    7: moment(effectiveDateTime ?? effectivePeriod?.start, facts),
    16: xcn(performer?.[0]),
    22: moment(issued ?? about.meta?.lastUpdated, facts),
    25: STATUS[status ?? ''],
  });
}
