import { isCalendarDate } from './dates.ts';

const matches =
  (form: RegExp, what: string) =>
  (value: unknown): string | undefined =>
    typeof value === 'string' && form.test(value) ? undefined : `must be ${what}, not ${JSON.stringify(value)}`;
const text = (value: unknown): string | undefined =>
  typeof value !== 'string' ? 'must be a string' : value.trim() === '' ? 'must not be empty: leave the element out' : undefined;
const whole =
  (least: number) =>
  (value: unknown): string | undefined =>
    Number.isInteger(value) && Number(value) >= least && Number(value) < 2_147_483_648
      ? undefined
      : `must be a whole number${least > -1e9 ? ` of at least ${least}` : ''}, not ${JSON.stringify(value)}`;
const INSTANT = /T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const timed = (value: unknown): boolean => isCalendarDate(value) && INSTANT.test(value as string);
const uri = matches(/^\S+$/, 'a URI without spaces');

/** What is wrong with a value of a primitive type (hl7.org/fhir/R4/datatypes.html); undefined when nothing is. */
export const PRIMITIVES: Readonly<Record<string, (value: unknown) => string | undefined>> = {
  string: text,
  markdown: text,
  boolean: (value) => (typeof value === 'boolean' ? undefined : 'must be true or false'),
  integer: whole(-2_147_483_648),
  unsignedInt: whole(0),
  positiveInt: whole(1),
  decimal: (value) => (typeof value === 'number' && Number.isFinite(value) ? undefined : 'must be a number'),
  id: matches(/^[A-Za-z0-9\-.]{1,64}$/, 'a FHIR id (1 to 64 of A-Z a-z 0-9 - .)'),
  code: matches(/^\S+(\s\S+)*$/, 'a code'),
  uri,
  url: uri,
  canonical: uri,
  oid: matches(/^urn:oid:[0-2](\.(0|[1-9]\d*))+$/, 'an OID as urn:oid:…'),
  uuid: matches(/^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 'a UUID as urn:uuid:…'),
  base64Binary: matches(/^[A-Za-z0-9+/=\s]+$/, 'base64'),
  time: matches(/^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?$/, 'a time of day as hh:mm:ss'),
  date: (value) =>
    isCalendarDate(value) && !(value as string).includes('T')
      ? undefined
      : `must be a date (YYYY, YYYY-MM or YYYY-MM-DD), not ${JSON.stringify(value)}`,
  dateTime: (value) =>
    isCalendarDate(value) && (!(value as string).includes('T') || timed(value))
      ? undefined
      : `must be a date, or a date and time with seconds and zone, not ${JSON.stringify(value)}`,
  instant: (value) => (timed(value) ? undefined : `must be an instant with seconds and zone, not ${JSON.stringify(value)}`),
  xhtml: matches(/^\s*<div[^>]*\sxmlns="http:\/\/www\.w3\.org\/1999\/xhtml"/, 'a div of XHTML'),
};
