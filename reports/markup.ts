// Control characters, lone surrogates, non-characters and marks that turn text around: nothing of a subject's may act on
// a terminal, break XML or reorder a line. Tab and line feed stay.
const UNSEEN = /[\p{Cc}\p{Cs}\p{Bidi_Control}\p{Noncharacter_Code_Point}]/gu;

/** The text with everything invisible spelled out, as `\x1b`; carriage returns (HL7's segment ends) become line feeds. */
export function visible(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(UNSEEN, (found) => {
    if (found === '\n' || found === '\t') return found;
    const code = found.codePointAt(0) as number;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

/** A copy of plain data in which every text is visible, and on one line. */
export function visibleData<T>(value: T): T {
  if (typeof value === 'string') return visible(value).replace(/\s*\n\s*/g, ' ') as T;
  if (Array.isArray(value)) return value.map(visibleData) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [visibleData(key), visibleData(item)])) as T;
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text for an element or a quoted attribute, of HTML and of XML. */
export const escapeText = (text: string): string => visible(text).replace(/[&<>"']/g, (found) => ENTITIES[found] as string);

/** Text for a Markdown table cell or paragraph: no markup, no mention, no line break. */
export const escapeMarkdown = (text: string): string =>
  visible(text)
    .replace(/[\\`*_{}[\]<>|~#@$]/g, '\\$&')
    .replace(/\s+/g, ' ');

/** A piece of HTML or XML that is finished: everything in it is escaped. Only `markup` and `raw` make one. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Value = Markup | string | number | false | null | undefined | readonly Value[];

const render = (value: Value): string => {
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return value.map(render).join('');
  return value === false || value === null || value === undefined ? '' : escapeText(String(value));
};

/** Template tag: each value is escaped unless it is Markup already; lists are joined; false, null and undefined are nothing. */
export function markup(strings: TemplateStringsArray, ...values: Value[]): Markup {
  return new Markup(strings.reduce((text, part, i) => text + render(values[i - 1]) + part));
}

/** Trusts a text of our own (style, script) as it is. */
export const raw = (text: string): Markup => new Markup(text);

/** At most `length` characters, the last one an ellipsis when something was cut. */
export function clip(text: string, length: number): string {
  const points = [...text];
  return points.length <= length
    ? text
    : `${points
        .slice(0, Math.max(0, length - 1))
        .join('')
        .trimEnd()}…`;
}
