import { buildBatch, Envelopes, partiesOf } from './message/batch.ts';

/** One message of a file. */
export interface FileMessage {
  /** Line of the file on which its MSH stands, from 1. */
  line: number;
  /** The message, each segment ended by CR; a character of Latin-1 for each byte. */
  text: string;
}

/** A file that holds no messages, or something between them: says where. */
export class FileError extends Error {}

const ENVELOPES = /^(FHS|BHS|BTS|FTS)\b/;
const SEGMENT = /^[A-Z][A-Z0-9]{2}([^A-Za-z0-9]|$)/;

/**
 * The messages of a file, whatever ends its segments (CR, LF, CR LF), with or without MLLP frames, blank lines, a byte order
 * mark or batch envelopes. Bytes are kept as they are. What BTS-1 and FTS-1 count must be there.
 * @throws FileError naming the line.
 */
export function readMessages(bytes: Buffer): FileMessage[] {
  const text = bytes.toString('latin1').replace(/^\u00ef\u00bb\u00bf/, '');
  const found: FileMessage[] = [];
  const envelopes = new Envelopes();
  let open = false;
  // Frame bytes end a line, so that a file of frames needs no other end.
  for (const [n, line] of text.split(/\r\n|\r|\n/).entries()) {
    for (const part of line.replaceAll('\u000b', '\u001c').split('\u001c')) {
      const segment = part.trimStart();
      if (segment.trim() === '') continue;
      if (ENVELOPES.test(segment)) {
        envelopes.segment(segment, n + 1);
        open = false;
      } else if (segment.startsWith('MSH')) {
        envelopes.message(n + 1);
        found.push({ line: n + 1, text: `${segment}\r` });
        open = true;
      } else if (!SEGMENT.test(segment))
        throw new FileError(`line ${n + 1} is no segment: ${JSON.stringify(segment.slice(0, 40))}`);
      else if (!open)
        throw new FileError(
          found.length === 0
            ? `line ${n + 1} stands before the first MSH: ${segment.slice(0, 3)}`
            : `line ${n + 1} stands between an envelope and MSH: ${segment.slice(0, 3)}`,
        );
      else found.at(-1)!.text += `${segment}\r`;
    }
  }
  const [wrong] = envelopes.miscounts;
  if (wrong)
    throw new FileError(
      `line ${wrong.line}: ${wrong.problem}\n  fix: write the count that is right, or leave the field empty; a message may also be missing or stand twice`,
    );
  if (found.length === 0) throw new FileError('there is no message in it: none of its lines begins with MSH');
  return found;
}

/** A batch file: FHS, batches of at most so many messages, FTS. @param time its creation, as HL7 writes it. */
export function batchFile(messages: readonly FileMessage[], size: number, time: string): Buffer {
  const bytes = messages.map(({ text }) => Buffer.from(text, 'latin1'));
  const { delimiters, parties } = partiesOf(bytes[0]!);
  const field = delimiters[0]!;
  const batches: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size)
    batches.push(buildBatch(bytes.slice(at, at + size), { delimiters, parties, time, control: String(batches.length + 1) }));
  const header = `FHS${delimiters}${field}${[...parties, time].join(field)}\r`;
  return Buffer.concat([Buffer.from(header, 'latin1'), ...batches, Buffer.from(`FTS${field}${batches.length}\r`)]);
}

/** What a link needs to know of a message that it does not build: type, control id, MRN. */
export function describeMessage(text: string): { message: string; control: string; person: string } {
  const field = text[3] ?? '|';
  const component = text[4] ?? '^';
  const of = (name: string, n: number): string =>
    text
      .split('\r')
      .find((line) => line.startsWith(name + field))
      ?.split(field)[n] ?? '';
  const [type = '', event = ''] = of('MSH', 8).split(component);
  const person = of('PID', 3).split(/[~]/)[0]!.split(component)[0] ?? '';
  return { message: event ? `${type}^${event}` : type, control: of('MSH', 9), person };
}
