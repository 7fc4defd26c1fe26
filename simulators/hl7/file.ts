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
 * mark or batch envelopes. Bytes are kept as they are.
 * @throws FileError naming the line.
 */
export function readMessages(bytes: Buffer): FileMessage[] {
  const text = bytes.toString('latin1').replace(/^\u00ef\u00bb\u00bf/, '');
  const found: FileMessage[] = [];
  // Frame bytes end a line, so that a file of frames needs no other end.
  for (const [n, line] of text.split(/\r\n|\r|\n/).entries()) {
    for (const part of line.replaceAll('\u000b', '\u001c').split('\u001c')) {
      const segment = part.trimStart();
      if (segment.trim() === '' || ENVELOPES.test(segment)) continue;
      if (segment.startsWith('MSH')) found.push({ line: n + 1, text: `${segment}\r` });
      else if (!SEGMENT.test(segment))
        throw new FileError(`line ${n + 1} is no segment: ${JSON.stringify(segment.slice(0, 40))}`);
      else if (found.length === 0) throw new FileError(`line ${n + 1} stands before the first MSH: ${segment.slice(0, 3)}`);
      else found.at(-1)!.text += `${segment}\r`;
    }
  }
  if (found.length === 0) throw new FileError('there is no message in it: none of its lines begins with MSH');
  return found;
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
