import { type Delimiters, unescapeText } from './delimiters.ts';

/** The bytes are no HL7 message: they do not begin with a header. */
export class NotHl7 extends Error {}

/** A message as it was received; nothing in it is judged, repaired or reordered. */
export interface Message {
  readonly delimiters: Delimiters;
  readonly segments: readonly { readonly name: string; readonly fields: readonly string[] }[];
}

/**
 * Reads a message tolerantly: any run of CR and LF ends a segment, delimiters come from MSH-1 and MSH-2, a byte order
 * mark and space before MSH are skipped. Fields keep their number in the standard: `fields[3]` of MSH is MSH-3.
 * @throws NotHl7
 */
export function parseMessage(text: string): Message {
  const lines = text.replace(/^[\uFEFF\s]+/, '').split(/[\r\n]+/);
  const header = lines[0] ?? '';
  const field = header[3];
  if (!header.startsWith('MSH') || !field || /[A-Za-z0-9\s]/.test(field)) throw new NotHl7('the text does not begin with MSH');
  const [component = '^', repetition = '~', mark = '\\', sub = '&', truncation] = header.slice(4).split(field)[0] ?? '';
  const delimiters: Delimiters = { field, component, repetition, escape: mark, sub, ...(truncation && { truncation }) };
  const segments = lines
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const fields = line.split(field);
      if (fields[0] === 'MSH') fields.splice(1, 0, field);
      return { name: (fields[0] ?? '').trim().toUpperCase(), fields };
    });
  return { delimiters, segments };
}

/** The text of a field as it was sent; empty when the segment or field is absent. */
export const rawField = (message: Message, segment: string, n: number): string =>
  message.segments.find(({ name }) => name === segment)?.fields[n] ?? '';

export const hasSegment = (message: Message, segment: string): boolean => message.segments.some(({ name }) => name === segment);

/** The occurrences of a field, each a list of components (still escaped, subcomponents unsplit). */
export function occurrences(message: Message, segment: string, n: number): string[][] {
  const raw = rawField(message, segment, n);
  if (raw === '') return [];
  return raw.split(message.delimiters.repetition).map((each) => each.split(message.delimiters.component));
}

/** One value, unescaped: component `c` of the first occurrence of the field, its first subcomponent. */
export function value(message: Message, segment: string, n: number, c = 1): string {
  return plain(message, occurrences(message, segment, n)[0]?.[c - 1]);
}

/** The first subcomponent of a component, unescaped. */
export function plain(message: Message, component: string | undefined, sub = 1): string {
  const { delimiters } = message;
  return unescapeText(component?.split(delimiters.sub)[sub - 1] ?? '', delimiters).trim();
}
