import { evalFhirPathTyped, type FhirPathAtom, parseFhirPath, type TypedValue } from '@medplum/core';
import type { Shape } from './definitions.ts';

type Rule = Shape['rules'][number];
const parsed = new Map<string, FhirPathAtom>();

/** The rules of a type (its constraints of severity error) that a value breaks. */
export function brokenRules(type: string, { rules }: Shape, value: object, resource: object): Rule[] {
  return rules.filter(({ expression }) => !holds(type, expression, value, resource));
}

function holds(type: string, expression: string, value: object, resource: object): boolean {
  if (CERTAIN[expression]?.(value as Values)) return true;
  const atom = parsed.get(expression) ?? parseFhirPath(expression);
  parsed.set(expression, atom);
  const typed: TypedValue = { type, value };
  const variables = {
    '%resource': { type: (resource as { resourceType: string }).resourceType, value: resource },
    '%context': typed,
    '%ucum': { type: 'string', value: 'http://unitsofmeasure.org' },
  };
  const [result] = evalFhirPathTyped(atom, [typed], variables);
  // An expression without result says nothing against the value.
  return result === undefined || result.value !== false;
}

type Values = Readonly<Record<string, unknown>>;
const absent =
  (...names: string[]) =>
  (value: Values): boolean =>
    names.every((name) => value[name] === undefined);
const present =
  (...names: string[]) =>
  (value: Values): boolean =>
    names.some((name) => value[name] !== undefined);
const noError = ({ clinicalStatus, verificationStatus }: Values): boolean =>
  clinicalStatus === undefined || !JSON.stringify(verificationStatus ?? '').includes('entered-in-error');
const VERIFICATION = 'http://terminology.hl7.org/CodeSystem/allergyintolerance-verification';
const verified = (end: string): string =>
  `verificationStatus.coding.where(system = '${VERIFICATION}' and code = 'entered-in-error')${end}`;

/**
 * By the expressions of the definitions: when a rule holds for certain. FHIRPath is asked only where it may not, for it
 * takes 20 times as long, and almost every write passes here.
 */
export const CERTAIN: Readonly<Record<string, (value: Values) => boolean>> = {
  'value.empty() or system.exists()': (value) => absent('value')(value) || present('system')(value),
  'code.empty() or system.exists()': (value) => absent('code')(value) || present('system')(value),
  'type.exists() or actor.exists()': present('type', 'actor'),
  'start.exists() = end.exists()': ({ start, end }) => start !== undefined && end !== undefined,
  "(start.exists() and end.exists()) or (status in ('proposed' | 'cancelled' | 'waitlist'))": ({ start, end }) =>
    start !== undefined && end !== undefined,
  "Appointment.cancelationReason.exists() implies (Appointment.status='noshow' or Appointment.status='cancelled')":
    absent('cancelationReason'),
  "abatement.empty() or clinicalStatus.coding.where(system='http://terminology.hl7.org/CodeSystem/condition-clinical' and (code='resolved' or code='remission' or code='inactive')).exists()":
    absent('abatementDateTime', 'abatementAge', 'abatementPeriod', 'abatementRange', 'abatementString'),
  "verificationStatus.coding.where(system='http://terminology.hl7.org/CodeSystem/condition-ver-status' and code='entered-in-error').empty() or clinicalStatus.empty()":
    noError,
  'dataAbsentReason.empty() or value.empty()': absent('dataAbsentReason'),
  'value.empty() or component.code.where(coding.intersect(%resource.code.coding).exists()).empty()': absent('component'),
  'low.exists() or high.exists() or text.exists()': present('low', 'high', 'text'),
  [`${verified('.exists()')} or clinicalStatus.exists()`]: present('clinicalStatus'),
  [`${verified('.empty()')} or clinicalStatus.empty()`]: noError,
  'orderDetail.empty() or code.exists()': (value) => absent('orderDetail')(value) || present('code')(value),
  'policy.exists() or policyRule.exists()': present('policy', 'policyRule'),
  '(identifier.count() + name.count()) > 0': present('identifier', 'name'),
  'member.empty() or (actual = true)': absent('member'),
};
