import type { Fields } from '../model.ts';
import type { Site } from '../settings.ts';
import type { Steps } from '../steps.ts';
import { stated } from '../values.ts';
import {
  type Allergy,
  type Condition,
  codes,
  type Encounter,
  type Observation,
  type Quantity,
  type ServiceRequest,
} from './clinical-types.ts';

const HOUR = 3_600_000;
const FOLLOW_UP_MS = 24 * HOUR;
const [DIABETES, HBA1C, WEIGHT] = [/^(44054006$|E11)/, '4548-4', '29463-7'];
const ABNORMAL = ['H', 'HH', 'L', 'LL'];
const RESULTS = ['final', 'amended', 'corrected'];

/** The visit that counts as the last: the newest that came to its end, whenever we heard of it. */
export function lastVisit(encounters: Encounter[]): Encounter | undefined {
  return newest(
    encounters.filter(({ status }) => status === 'finished'),
    ({ period }) => period?.start,
  );
}

/** What the contact shows of the last visit, and by when somebody has to call. */
export function mapVisits(encounters: Encounter[], site: Site, steps: Steps): Fields {
  const visit = steps.lastVisit(encounters);
  const { start, end } = visit?.period ?? {};
  return {
    Last_Visit_Date__c: start ? steps.localDate(start, site.timeZone) : null,
    Last_Visit_Type__c: visit?.type?.find(({ text }) => text)?.text ?? null,
    Last_Visit_Provider__c: visit?.participant?.find(({ individual }) => individual?.display)?.individual?.display ?? null,
    Follow_Up_By__c: end ? new Date(Date.parse(end) + FOLLOW_UP_MS).toISOString() : null,
  };
}

/** Whether a problem is one that the patient has: neither over, nor refuted, nor only suspected. */
export function isActive({ clinicalStatus, verificationStatus }: Condition): boolean {
  return codes(clinicalStatus).includes('active') && codes(verificationStatus).includes('confirmed');
}

/** Problems of which the CRM must not show a trace: HIV, and what comes of drugs and alcohol. */
export function isSensitive({ code }: Condition): boolean {
  return codes(code).some((one) => /^(B20|F1[0-9])/.test(one));
}

/** What the contact shows of problems: flags and a count, never the chart. */
export function mapProblems(conditions: Condition[], observations: Observation[], now: number, steps: Steps): Fields {
  const active = conditions.filter(steps.isActive);
  const diabetic = active.some(({ code }) => codes(code).some((one) => DIABETES.test(one)));
  const hba1c = newest(observations.filter(isResult(HBA1C)), timeOf);
  const counted = active.filter((condition) => !steps.isSensitive(condition)).length;
  return {
    Diabetes__c: diabetic,
    HbA1c_Due__c: diabetic && (timeOf(hba1c) ?? '1900-01-01').slice(0, 10) < sixMonthsBefore(now),
    Problem_Count__c: counted || null,
  };
}

/** The newest weight in kilograms, or what is wrong with it: a number without its unit is never taken for one. */
export function mapWeight(observations: Observation[], steps: Steps): Fields {
  const measured = newest(observations.filter(isResult(WEIGHT)), timeOf)?.valueQuantity;
  const weight = measured?.value === undefined ? null : steps.kilograms(measured);
  return {
    Weight_kg__c: typeof weight === 'number' ? weight : null,
    Weight_Note__c: typeof weight === 'string' ? weight : null,
  };
}

const KILOGRAMS: Record<string, number> = { kg: 1, g: 0.001, '[lb_av]': 0.45359237, lb: 0.45359237, lbs: 0.45359237 };

/** A weight in kilograms, or the note that says why it is none. */
export function kilograms({ value = Number.NaN, unit, code }: Quantity): number | string {
  const written = (code ?? unit ?? '').toLowerCase();
  if (written === '') return 'No unit';
  const factor = KILOGRAMS[written];
  if (factor === undefined) return 'Unknown unit';
  const weight = Math.round(value * factor * 10) / 10;
  return weight >= 20 && weight <= 400 ? weight : 'Implausible';
}

/** Whether a reading is worth a row of its own: thousands of normal ones are noise. */
export function isFinding({ status = '', interpretation = [] }: Observation): boolean {
  return RESULTS.includes(status) && interpretation.some((one) => codes(one).some((code) => ABNORMAL.includes(code)));
}

export function mapFinding(observation: Observation): Fields {
  const { code, valueQuantity, interpretation = [], effectiveDateTime } = observation;
  return {
    Code__c: code?.text ?? null,
    Value__c: valueQuantity?.value ?? null,
    Unit__c: valueQuantity?.unit ?? null,
    Flag__c: interpretation.flatMap(codes)[0] ?? null,
    Time__c: effectiveDateTime ? new Date(effectiveDateTime).toISOString() : null,
  };
}

const REFERRALS: Record<string, string> = {
  draft: 'Open',
  active: 'Open',
  unknown: 'Open',
  'on-hold': 'On Hold',
  completed: 'Completed',
  revoked: 'Not Done',
};

/** What an order's status means for who has to see to it; undefined for a status that is not known. */
export const referralStatus = (status: string): string | undefined => REFERRALS[status];

export function mapReferral(order: ServiceRequest, site: Site, steps: Steps): Fields {
  const due = order.occurrencePeriod?.end ?? order.occurrenceDateTime;
  return stated(
    {
      Subject__c: order.code?.text ?? 'Referral',
      Status__c: steps.referralStatus(order.status ?? ''),
      // A day is a day; an instant has one at the hospital.
      Due_Date__c: due === undefined ? null : due.length === 10 ? due : steps.localDate(due, site.timeZone),
      Target__c: order.performer?.find(({ display }) => display)?.display ?? null,
    },
    steps,
  );
}

const SUBSTANCES: Record<string, string> = {
  764146007: 'Penicillin',
  7980: 'Penicillin',
  91936005: 'Penicillin',
  256349002: 'Peanut',
  91935009: 'Peanut',
  111088007: 'Latex',
  300916003: 'Latex',
  387406002: 'Sulfonamide',
};

/** The CRM's word for a substance. What has none is said to have none, and stands beside it as the hospital wrote it. */
export const substance = (code: string | undefined): string => SUBSTANCES[code ?? ''] ?? 'Unmapped';

export function mapAllergy({ code, clinicalStatus }: Allergy, steps: Steps): Fields {
  return {
    Substance__c: steps.substance(codes(code)[0]),
    Source_Text__c: code?.text ?? null,
    Status__c: ['inactive', 'resolved'].includes(codes(clinicalStatus)[0] ?? '') ? 'Inactive' : 'Active',
  };
}

/** What was recorded by mistake never was. */
export const isInError = (one: { status?: string; verificationStatus?: Condition['verificationStatus'] }): boolean =>
  one.status === 'entered-in-error' || codes(one.verificationStatus).includes('entered-in-error');

const timeOf = (one: Observation | undefined): string | undefined =>
  one?.effectiveDateTime ?? one?.effectivePeriod?.start ?? one?.issued;

const isResult =
  (loinc: string) =>
  ({ status = '', code }: Observation): boolean =>
    RESULTS.includes(status) && codes(code).includes(loinc);

/** The one with the latest time, whatever order they came in. */
function newest<T>(list: readonly T[], time: (one: T) => string | undefined): T | undefined {
  const at = (one: T): number => Date.parse(time(one) ?? '') || 0;
  return list.reduce<T | undefined>((best, one) => (best === undefined || at(one) >= at(best) ? one : best), undefined);
}

function sixMonthsBefore(now: number): string {
  const today = new Date(now);
  const [year, month] = [today.getUTCFullYear(), today.getUTCMonth() - 6];
  const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return new Date(Date.UTC(year, month, Math.min(today.getUTCDate(), last))).toISOString().slice(0, 10);
}
