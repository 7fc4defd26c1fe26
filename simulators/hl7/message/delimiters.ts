/** The characters that a message declares in MSH-1 and MSH-2. */
export interface Delimiters {
  field: string;
  component: string;
  repetition: string;
  escape: string;
  sub: string;
  /** Fifth character of MSH-2, the mark of a truncated value (version 2.7); most messages have none. */
  truncation?: string;
}

/** `|^~\&`, what every hospital sends unless it says otherwise. */
export const STANDARD: Delimiters = { field: '|', component: '^', repetition: '~', escape: '\\', sub: '&' };

/** Delimiters as MSH-1 and MSH-2 write them: five characters, or six with the mark of a truncated value. */
export function delimitersOf(text: string): Delimiters | undefined {
  const [field, component, repetition, mark, sub, truncation] = text;
  const fit = /^[!-/:-@[-`{-~]{5,6}$/.test(text) && new Set(text).size === text.length && !text.includes('"');
  if (!fit || !field || !component || !repetition || !mark || !sub) return undefined;
  return { field, component, repetition, escape: mark, sub, ...(truncation && { truncation }) };
}

const LETTERS = { field: 'F', component: 'S', repetition: 'R', escape: 'E', sub: 'T', truncation: 'P' } as const;
const byLetter = new Map(Object.entries(LETTERS).map(([role, letter]) => [letter as string, role as keyof Delimiters]));

// Text that needs no escaping under the standard delimiters; nearly all values are such.
const PLAIN = /^[^|^~\\&\p{Cc}]*$/u;

/** The standard characters with the fifth one of MSH-2. */
export const WITH_TRUNCATION: Delimiters = { ...STANDARD, truncation: '#' };

/** Makes text safe inside a field: delimiters as `\F\`, `\S\`, …, control characters as `\X0D\` (HL7 2.5.1, 2.7). */
export function escapeText(text: string, delimiters: Delimiters = STANDARD): string {
  if (delimiters === STANDARD && PLAIN.test(text)) return text;
  const letterOf = new Map(
    Object.entries(LETTERS).flatMap(([role, letter]) => {
      const char = delimiters[role as keyof Delimiters];
      return char ? [[char, letter] as const] : [];
    }),
  );
  const mark = delimiters.escape;
  let out = '';
  for (const char of text) {
    const letter = letterOf.get(char);
    if (letter) out += `${mark}${letter}${mark}`;
    else if (/\p{Cc}/u.test(char) && char < '\u0080') out += `${mark}X${hex(char)}${mark}`;
    else out += char;
  }
  return out;
}

/** Reverses `escapeText`; also takes `\.br\` as a line break and drops `\H\` and `\N\`. What it does not know stays as it is. */
export function unescapeText(text: string, delimiters: Delimiters = STANDARD): string {
  const mark = delimiters.escape;
  if (!text.includes(mark)) return text;
  const quoted = mark.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
  const sequence = new RegExp(`${quoted}([FSRETP]|\\.br|[HN]|X(?:[0-9A-Fa-f]{2})+)${quoted}`, 'g');
  return text.replace(sequence, (_, code: string) => {
    const role = byLetter.get(code);
    if (role) return delimiters[role] ?? '#';
    if (code === '.br') return '\n';
    return code.startsWith('X') ? Buffer.from(code.slice(1), 'hex').toString('latin1') : '';
  });
}

const hex = (char: string): string => char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0');
