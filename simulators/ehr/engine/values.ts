import type { Address, CodeableConcept, Coding, ContactPoint, HumanName, Identifier, Quantity, Timing } from '@medplum/fhirtypes';

export interface TokenValue {
  system?: string;
  value: string;
}
/** A number with what a search may say of its unit; `low` and `high` differ for ranges and for `<5`. */
export interface QuantityValue {
  low: number;
  high: number;
  system?: string;
  code?: string;
  unit?: string;
}
export type DateValue = string | { start?: string; end?: string };

const present = (values: readonly (string | undefined)[]): string[] =>
  values.filter((value) => value !== undefined && value !== null && value !== '') as string[];

/** What a token search compares, from a value of this type. */
export function tokens(value: unknown, of: string): TokenValue[] {
  if (of === 'CodeableConcept') return ((value as CodeableConcept).coding ?? []).flatMap(coded);
  if (of === 'Coding') return coded(value as Coding);
  if (of === 'Identifier') {
    const { system, value: text } = value as Identifier;
    return text === undefined ? [] : [{ system, value: text }];
  }
  if (of === 'ContactPoint') return contact(value as ContactPoint);
  return typeof value === 'object' ? [] : [{ value: String(value) }];
}

const coded = ({ system, code }: Coding): TokenValue[] => (code === undefined ? [] : [{ system, value: code }]);

// Phones are found however they are punctuated: Epic keeps dashes, callers seldom do.
function contact({ system, value }: ContactPoint): TokenValue[] {
  const bare = system === 'email' ? value?.toLowerCase() : value?.replace(/\D/g, '');
  return [...new Set(present([value, bare]))].map((text) => ({ system, value: text }));
}

/** What a string search compares. */
export function strings(value: unknown, of: string): string[] {
  if (of === 'HumanName') {
    const { text, family, given = [], prefix = [], suffix = [] } = value as HumanName;
    return present([text, family, ...given, ...prefix, ...suffix]);
  }
  if (of === 'Address') {
    const { text, line = [], city, district, state, postalCode, country } = value as Address;
    return present([text, ...line, city, district, state, postalCode, country]);
  }
  return typeof value === 'string' ? present([value]) : [];
}

/** The times that a date search compares. */
export function dates(value: unknown, of: string): DateValue[] {
  if (of !== 'Timing') return [value as DateValue];
  const { event = [], repeat } = value as Timing;
  return [...event, ...(repeat?.boundsPeriod ? [repeat.boundsPeriod] : [])];
}

/** The literal reference, without the version that it may pin. */
export function references(value: unknown): string[] {
  const text = typeof value === 'string' ? value : (value as { reference?: string }).reference;
  return text === undefined || text.startsWith('#') ? [] : [text.replace(/\/_history\/[^/]+$/, '')];
}

/** The stretch of numbers that a quantity or number search compares. */
export function quantities(value: unknown, of: string): QuantityValue[] {
  if (typeof value === 'number') return [{ low: value, high: value }];
  if (of === 'Range') {
    const { low, high } = value as { low?: Quantity; high?: Quantity };
    const { system, code, unit } = low ?? high ?? {};
    const ends = { low: low?.value ?? -Number.MAX_VALUE, high: high?.value ?? Number.MAX_VALUE };
    return low || high ? [{ ...ends, system, code, unit }] : [];
  }
  const { value: number, comparator, system, code, unit, currency } = value as Quantity & { currency?: string };
  if (number === undefined) return [];
  const low = comparator?.startsWith('<') ? -Number.MAX_VALUE : number;
  const high = comparator?.startsWith('>') ? Number.MAX_VALUE : number;
  return [{ low, high, system, code: code ?? currency, unit }];
}
