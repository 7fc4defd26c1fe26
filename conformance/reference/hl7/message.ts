import type { Site } from '../settings.ts';
import { clinicTime } from '../values.ts';

/** One repetition of a field: components, each cut into subcomponents, escapes undone. */
export type Repetition = string[][];
/** `fields[n]` is field n of the segment, cut into repetitions; MSH-1 and MSH-2 hold the delimiters. */
export type Segment = { name: string; fields: Repetition[][] };

/** A decoded HL7 v2 message. */
export type Message = {
  /** MSH-9.1 and 9.2, such as `ADT` and `A08`. */
  type: string;
  event: string;
  /** MSH-10. */
  control: string;
  /** MSH-3^MSH-4, the first components. */
  sender: string;
  segments: Segment[];
};

/** HL7's way to say "delete what you have"; an empty field says "nothing about it". */
export const NULL = '""';

/**
 * Decodes the text of a message, whatever delimiters it declares in MSH-1 and MSH-2. Throws when there is no MSH.
 * Segments end with CR by the standard; feeds that were edited by hand have LF.
 */
export function decodeMessage(text: string): Message {
  const [header = '', ...others] = text.split(/[\r\n]+/).filter((line) => line !== '');
  if (!/^MSH[^\w\s]/.test(header)) throw new Error('no MSH segment');
  const separator = header.charAt(3);
  const [encoding = '', ...fields] = header.slice(4).split(separator);
  const [component = '^', repetition = '~', escaping = '\\', sub = '&'] = encoding;
  const restore = unescaper({ F: separator, S: component, R: repetition, E: escaping, T: sub, '.br': '\n' }, escaping);
  const cut = (field: string): Repetition[] =>
    field.split(repetition).map((one) => one.split(component).map((part) => part.split(sub).map(restore)));
  const msh: Segment = { name: 'MSH', fields: [[], [[[separator]]], [[[encoding]]], ...fields.map(cut)] };
  const segments = others.map((line): Segment => {
    const [name = '', ...fields] = line.split(separator);
    return { name, fields: [[], ...fields.map(cut)] };
  });
  return {
    type: value(msh, 9, 1),
    event: value(msh, 9, 2),
    control: value(msh, 10),
    sender: `${value(msh, 3)}^${value(msh, 4)}`,
    segments: [msh, ...segments],
  };
}

/** Undoes `\F\` and its like, and `\X0D\`; what only formats (`\H\`) goes. */
function unescaper(meaning: Record<string, string>, escaping: string): (part: string) => string {
  const quoted = escaping.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const sequence = new RegExp(`${quoted}([^${quoted}]*)${quoted}`, 'g');
  const decode = (_: string, code: string) =>
    /^X([0-9A-F]{2})+$/i.test(code) ? Buffer.from(code.slice(1), 'hex').toString('latin1') : (meaning[code] ?? '');
  return (part) => (part.includes(escaping) ? part.replace(sequence, decode) : part);
}

/** The first segment of that name, if there is one. */
export const segment = (message: Message, name: string): Segment | undefined => message.segments.find((one) => one.name === name);

/** The repetitions of a field that hold anything. */
export function repetitions(from: Segment | undefined, field: number): Repetition[] {
  return (from?.fields[field] ?? []).filter((one) => one.some((parts) => parts.some((part) => part !== '')));
}

/** One component (its first subcomponent unless told) of a repetition; empty when it is not there. */
export const part = (of: Repetition | undefined, component: number, sub = 1): string =>
  of?.[component - 1]?.[sub - 1]?.trim() ?? '';

/** One component of a field's first repetition; empty when it is not there. */
export const value = (from: Segment | undefined, field: number, component = 1): string =>
  part(from?.fields[field]?.[0], component);

/** Whether a field was sent as `""`: its old value is to be removed. */
export const isNull = (from: Segment | undefined, field: number): boolean => {
  const sent = repetitions(from, field);
  return sent.length === 1 && sent[0]?.length === 1 && part(sent[0], 1) === NULL;
};

/**
 * The instant of a timestamp `YYYY[MM[DD[HH[MM[SS[.S…]]]]]][±ZZZZ]`, in milliseconds; without an offset it is the clinic's
 * local time, not UTC. Undefined when it is none.
 */
export function instant(text: string, site: Pick<Site, 'timeZone'>): number | undefined {
  const match = /^(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\.\d{1,4})?([+-]\d{4})?$/.exec(text);
  if (!match) return undefined;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((digits) => (digits === undefined ? undefined : Number(digits)));
  if (
    month < 1 ||
    month > 12 ||
    day < 1 ||
    day > new Date(Date.UTC(year, month, 0)).getUTCDate() ||
    hour > 23 ||
    minute > 59 ||
    second > 59
  )
    return undefined;
  const ms = second * 1000 + Math.round(Number(match[7] ?? 0) * 1000);
  const offset = match[8];
  if (!offset) return clinicTime(year, month, day, hour, minute, ms, site.timeZone);
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(3));
  return Date.UTC(year, month - 1, day, hour, minute) + ms - (offset.startsWith('-') ? -minutes : minutes) * 60_000;
}

/** A timestamp as HL7 writes one, in UTC. */
export const timestamp = (at: number): string => `${new Date(at).toISOString().replace(/[-:TZ]/g, '')}+0000`;

/**
 * The text of a frame, by the character set that its own MSH-18 names, else by the site's. Senders that name none but mean
 * Latin-1 are common: bytes that are not UTF-8 are read as that.
 */
export function decodeText(bytes: Buffer, charset: string | undefined): string {
  const ascii = bytes.toString('latin1');
  const declared = ascii.split(/[\r\n]/, 1)[0]?.split(ascii.charAt(3))[17] || charset || '';
  if (declared.startsWith('8859')) return ascii;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return ascii;
  }
}
