import { crmError } from './errors.ts';
import { type FieldDefinition, NUMBER_TYPES } from './schema.ts';

/** A stored value: text, number, boolean, date `YYYY-MM-DD`, datetime `YYYY-MM-DDTHH:mm:ss.sssZ`, 18-character id. */
export type Value = string | number | boolean | null;
/** A record as it is stored and journalled; what is not set is left out. */
export type Row = Record<string, Value | undefined>;

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const DATETIME = /^(\d{4}-\d{2}-\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.\d+)?(Z|[+-]\d{2}:?\d{2})$/i;

function validDate(text: string): boolean {
  const [, year, month, day] = DATE.exec(text) ?? [];
  if (!year || Number(year) < 1700 || Number(year) > 4000) return false;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
}

/** Milliseconds since the epoch of a datetime as the API accepts it (with a zone, fraction optional); undefined when it is none. */
export function parseDatetime(text: string): number | undefined {
  const [, date, hour, minute, second, zone] = DATETIME.exec(text) ?? [];
  if (!date || !validDate(date) || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const colon = zone!.replace(/([+-]\d{2}):?(\d{2})/, '$1:$2').toUpperCase();
  const fraction = /\.\d+/.exec(text)?.[0] ?? '';
  const millis = Date.parse(`${date}T${hour}:${minute}:${second}${fraction}${colon}`);
  return Number.isNaN(millis) ? undefined : millis;
}

/** As REST writes datetimes: `2026-01-02T03:04:05.000+0000`. */
export const wireDatetime = (iso: string): string => iso.replace('Z', '+0000');

/** A stored value as REST writes it; null where nothing is set. */
export function wireValue(field: FieldDefinition, value: Value | undefined): Value {
  if (value === undefined || value === null) return field.type === 'boolean' ? false : null;
  if (field.type === 'datetime') return wireDatetime(String(value));
  return field.type === 'encryptedstring' ? '*'.repeat(String(value).length) : value;
}

// Where a value stands in the body, since Salesforce's parser names the place.
function placeOf(raw: string, name: string): { line: number; column: number } {
  const key = raw.toLowerCase().indexOf(`"${name.toLowerCase()}"`);
  const before = raw.slice(0, key < 0 ? 0 : raw.indexOf(':', key) + 2).split('\n');
  return { line: before.length, column: before[before.length - 1]!.length + (key < 0 ? 1 : 0) };
}

function refuse(error: Error): never {
  throw error;
}

function parseNumber({ type, precision, scale, label, name }: FieldDefinition, text: string): number | undefined {
  if (!/^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text)) return undefined;
  const value = Number(text);
  if ((type === 'int' || type === 'long') && !Number.isInteger(value)) return undefined;
  const most = type === 'int' ? 2 ** 31 : precision === undefined ? Number.MAX_VALUE : 10 ** (precision - (scale ?? 0));
  if (Math.abs(value) >= most) throw crmError('out-of-range', { label, value: text }, [name]);
  return scale === undefined || !NUMBER_TYPES.includes(type) ? value : Number(value.toFixed(scale));
}

/** A time of day as stored and shown: `12:34:56.789Z`. */
function parseTime(text: string): string | undefined {
  const [, clock, fraction = '.000'] = /^((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(\.\d+)?Z?$/i.exec(text) ?? [];
  return clock && `${clock}${`${fraction}00`.slice(0, 4)}Z`;
}

const JSON_TOKENS: Record<string, string> = {
  string: 'VALUE_STRING',
  number: 'VALUE_NUMBER_INT',
  boolean: 'VALUE_TRUE',
  object: 'START_OBJECT',
};

/**
 * Turns what a client sent into a stored value, or null to clear. Numbers and booleans may come as strings; text is
 * trimmed, empty text is null; datetimes lose their fraction of a second, as in Salesforce.
 * Lookups are only checked for being text here. @throws CrmError
 */
export function parseValue(field: FieldDefinition, input: unknown, raw = ''): Value {
  const { type, label, name } = field;
  const wrong = () => {
    const token = Array.isArray(input) ? 'START_ARRAY' : JSON_TOKENS[typeof input];
    return crmError('bad-value', { type, token, value: typeof input === 'object' ? '' : input, ...placeOf(raw, name) });
  };
  if (input === null || input === undefined) return type === 'boolean' ? false : null;
  if (typeof input === 'object') throw wrong();
  const text = String(input).trim();
  if (text === '') return type === 'boolean' ? false : null;
  switch (type) {
    case 'boolean':
      if (!/^(true|false|0|1)$/i.test(text)) throw wrong();
      return /^(true|1)$/i.test(text);
    case 'int':
    case 'long':
    case 'double':
    case 'currency':
    case 'percent':
      return parseNumber(field, text) ?? refuse(wrong());
    case 'time':
      return parseTime(text) ?? refuse(wrong());
    case 'date':
      if (!validDate(text)) throw wrong();
      return text;
    case 'datetime': {
      const millis = parseDatetime(text);
      if (millis === undefined) throw wrong();
      return new Date(Math.floor(millis / 1000) * 1000).toISOString();
    }
    case 'picklist':
    case 'multipicklist': {
      const chosen = type === 'picklist' ? [text] : text.split(';').map((one) => one.trim());
      const bad = field.restricted ? chosen.find((one) => !field.picklist?.includes(one)) : undefined;
      if (bad !== undefined) throw crmError('bad-picklist', { label, value: bad }, [name]);
      if (type === 'multipicklist') return [...new Set(chosen)].join(';');
      break;
    }
    case 'email':
      if (!/^[^\s@<>(),;:"]+@[^\s@<>(),;:"]+\.[^\s@<>(),;:".]{2,}$/.test(text)) {
        throw crmError('bad-email', { label, value: text }, [name]);
      }
      break;
    default:
  }
  if (field.length && text.length > field.length) {
    throw crmError('too-long', { label, value: text, length: field.length }, [name]);
  }
  return text;
}
