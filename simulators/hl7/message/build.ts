import { type Delimiters, escapeText, STANDARD } from './delimiters.ts';

/** A component: text, or a list of subcomponents. */
export type Component = string | undefined | readonly (string | undefined)[];
/** One occurrence of a field: text, or a list of components. */
export type Occurrence = string | undefined | readonly Component[];
/**
 * A field: one occurrence, or several; `raw` is taken as it stands, for what is echoed byte for byte; `lines` is formatted
 * text (FT), its lines parted by `\.br\`.
 */
export type Field =
  | Occurrence
  | { readonly repeat: readonly Occurrence[] }
  | { readonly raw: string }
  | { readonly lines: readonly string[] };
/** A segment: its name, and its fields by their number in the standard. */
export interface Segment {
  readonly name: string;
  readonly fields: Readonly<Record<number, Field>>;
}

/** The value that says "delete what you hold", unlike an empty field, which says nothing (HL7 2.5.1, 2.5.3). */
export const CLEARED = '""';

export const segment = (name: string, fields: Record<number, Field>): Segment => ({ name, fields });

/** Several occurrences of one field; undefined when there is none. */
export const repeat = (occurrences: readonly Occurrence[]): Field =>
  occurrences.length > 0 ? { repeat: occurrences } : undefined;

// Trailing empty parts are left out, as real senders do.
function join(parts: readonly string[], separator: string): string {
  let end = parts.length;
  while (end > 0 && parts[end - 1] === '') end--;
  return parts.slice(0, end).join(separator);
}

/** The text of one field, escaped. */
export function renderField(field: Field, d: Delimiters = STANDARD): string {
  if (field === undefined) return '';
  if (typeof field === 'string') return escapeText(field, d);
  if ('raw' in field) return field.raw;
  if ('lines' in field) return field.lines.map((line) => escapeText(line, d)).join(`${d.escape}.br${d.escape}`);
  if ('repeat' in field)
    return join(
      field.repeat.map((each) => renderField(each, d)),
      d.repetition,
    );
  const components = field.map((component) =>
    typeof component === 'object'
      ? join(
          component.map((sub) => escapeText(sub ?? '', d)),
          d.sub,
        )
      : escapeText(component ?? '', d),
  );
  return join(components, d.component);
}

function renderSegment({ name, fields }: Segment, d: Delimiters): string {
  // MSH-1 is the separator itself and MSH-2 the other delimiters: neither is escaped.
  const header = name === 'MSH';
  let out = header ? name + d.field + d.component + d.repetition + d.escape + d.sub + (d.truncation ?? '') : name;
  let at = header ? 2 : 0;
  // In the order of their numbers, as keys of an object that are numbers always are.
  for (const key in fields) {
    const text = renderField(fields[key], d);
    if (text === '') continue;
    out += d.field.repeat(Number(key) - at) + text;
    at = Number(key);
  }
  return out;
}

/** A whole message: each segment ended by CR, the last one too. */
export const buildMessage = (segments: readonly Segment[], delimiters: Delimiters = STANDARD): string =>
  segments.map((each) => `${renderSegment(each, delimiters)}\r`).join('');
