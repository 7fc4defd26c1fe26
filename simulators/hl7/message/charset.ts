/** Values of MSH-18 that a link can use (HL7 table 0211). Empty means 7-bit ASCII and leaves MSH-18 out. */
export const CHARSETS = ['', 'ASCII', '8859/1', 'UNICODE UTF-8'] as const;
export type Charset = (typeof CHARSETS)[number];

// Only then is each character one byte of UTF-8.
const isAscii = (text: string): boolean => Buffer.byteLength(text) === text.length;

/**
 * The bytes of a message. `lost` counts the characters that the character set cannot hold; they go out as `?`, which
 * is what interface engines do.
 */
export function encodeText(text: string, charset: Charset): { bytes: Buffer; lost: number } {
  if (charset === 'UNICODE UTF-8') return { bytes: Buffer.from(text, 'utf8'), lost: 0 };
  if (isAscii(text)) return { bytes: Buffer.from(text, 'latin1'), lost: 0 };
  const limit = charset === '8859/1' ? 0xff : 0x7f;
  let lost = 0;
  const kept = Array.from(text, (char) => {
    if (char.codePointAt(0)! <= limit) return char;
    lost++;
    return '?';
  });
  return { bytes: Buffer.from(kept.join(''), 'latin1'), lost };
}

/** How many characters of a text the character set cannot hold. */
export const lostIn = (text: string, charset: Charset): number =>
  charset === 'UNICODE UTF-8' ? 0 : encodeText(text, charset).lost;

const strict = new TextDecoder('utf-8', { fatal: true });

/**
 * The text of received bytes. 8859/1 is read as declared; everything else as UTF-8 when it is valid UTF-8, else byte by
 * byte: Latin-1 with an empty MSH-18 is common, and a garbled name beats a lost message.
 */
export function decodeText(bytes: Buffer): string {
  // MSH-18 is found before the character set is known: delimiters and its value are ASCII in all of them.
  const raw = bytes.toString('latin1');
  const header = raw.slice(0, raw.search(/[\r\n]/) >>> 0);
  const declared = header.split(header[header.indexOf('MSH') + 3] ?? '|')[17] ?? '';
  if (declared.startsWith('8859/')) return raw;
  try {
    return strict.decode(bytes);
  } catch {
    return raw;
  }
}
