import { parseDuration } from '../manifest/duration.ts';
import { e164 } from '../oracle/phone.ts';

/** A value as a CRM row holds it; null is an empty field. */
export type FieldValue = string | number | boolean | null;

/** How values of one `field_type` are read, checked and compared. */
export interface FieldType {
  /** Types of a Salesforce describe that can hold it. */
  crm: readonly string[];
  /** The value in the CRM's form, or why it cannot be held. */
  read(value: unknown, size: number | undefined): { value: FieldValue } | { wrong: string };
  /** Whether the CRM's value means the same; both are given, neither is empty. `tolerance` in ms or units. */
  same(expected: FieldValue, actual: unknown, tolerance: number): boolean;
  /** What an empty field reads as. */
  empty: FieldValue;
}

/** A field type as written, `text(40)`, taken apart. */
export interface ParsedType {
  name: string;
  type: FieldType;
  /** Characters that it holds, or undefined. */
  size?: number;
}

const identical = (expected: FieldValue, actual: unknown): boolean => expected === actual;

function text(crm: readonly string[], same: FieldType['same'] = identical): FieldType {
  return {
    crm,
    empty: null,
    same,
    read(value, size) {
      if (typeof value === 'object' || value === undefined) return { wrong: 'is no plain value' };
      // Salesforce trims on save and keeps an empty text as no value.
      const written = String(value).trim();
      if (size !== undefined && written.length > size) return { wrong: `has ${written.length} characters where ${size} fit` };
      return { value: written === '' ? null : written };
    },
  };
}

const isDay = (day: string): boolean => {
  const instant = Date.parse(`${day}T00:00:00Z`);
  return /^\d{4}-\d\d-\d\d$/.test(day) && !Number.isNaN(instant) && new Date(instant).toISOString().startsWith(day);
};

/** Epoch ms of an instant with its offset (`Z`, `+00:00`, or Salesforce's `+0000`); undefined for anything less. */
export function instantOf(value: unknown): number | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:?\d\d)$/.exec(String(value));
  if (!match || !isDay(String(value).slice(0, 10))) return undefined;
  const offset = match[2] === 'Z' ? 'Z' : `${match[2]?.slice(0, 3)}:${match[2]?.slice(-2)}`;
  const instant = Date.parse(match[1] + offset);
  return Number.isNaN(instant) ? undefined : instant;
}

export const FIELD_TYPES: Readonly<Record<string, FieldType>> = {
  text: text(['string', 'textarea', 'id', 'combobox', 'encryptedstring']),
  textarea: text(['textarea', 'string']),
  picklist: text(['picklist', 'string', 'multipicklist']),
  url: text(['url', 'string']),
  // Salesforce keeps addresses in lower case.
  email: text(['email', 'string'], (expected, actual) => String(expected).toLowerCase() === String(actual).toLowerCase()),
  phone: text(
    ['phone', 'string'],
    (expected, actual) => (e164(String(expected)) ?? expected) === (e164(String(actual)) ?? actual),
  ),
  lookup: text(['reference']),
  date: {
    crm: ['date'],
    empty: null,
    same: identical,
    read: (value) => (isDay(String(value)) ? { value: String(value) } : { wrong: 'is no full date (YYYY-MM-DD)' }),
  },
  datetime: {
    crm: ['datetime'],
    empty: null,
    same: (expected, actual, tolerance) =>
      Math.abs((instantOf(expected) ?? Number.NaN) - (instantOf(actual) ?? Number.NaN)) <= tolerance,
    read(value) {
      const instant = instantOf(value);
      return instant === undefined ? { wrong: 'is no instant with its offset' } : { value: new Date(instant).toISOString() };
    },
  },
  checkbox: {
    crm: ['boolean'],
    empty: false,
    same: identical,
    read(value) {
      if (typeof value === 'boolean') return { value };
      return value === 'true' || value === 'false' ? { value: value === 'true' } : { wrong: 'is neither true nor false' };
    },
  },
  number: {
    crm: ['double', 'int', 'currency', 'percent', 'long'],
    empty: null,
    same: (expected, actual, tolerance) => typeof actual === 'number' && Math.abs(Number(expected) - actual) <= tolerance,
    read: (value) =>
      value !== '' && typeof value !== 'boolean' && Number.isFinite(Number(value))
        ? { value: Number(value) }
        : { wrong: 'is no number' },
  },
};

/** Takes `text(40)` apart; undefined where there is no such type. */
export function parseFieldType(written: string): ParsedType | undefined {
  const match = /^([a-z]+)(?:\((\d+)(?:,\s*\d+)?\))?$/.exec(written);
  const name = match?.[1] ?? '';
  const type = Object.hasOwn(FIELD_TYPES, name) ? FIELD_TYPES[name] : undefined;
  return type && { name, type, ...(match?.[2] && name !== 'number' && { size: Number(match[2]) }) };
}

/** Units of a number, milliseconds of a duration, 0 where nothing is written; undefined where it is neither. */
export function parseTolerance(written: string): number | undefined {
  if (written === '') return 0;
  return /^\d+(\.\d+)?$/.test(written) ? Number(written) : parseDuration(written);
}
