// The suffix of an 18-character id: each of its three characters tells which of five letters are capitals.
const SUFFIX = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

const chunks = (id15: string): string[] => [id15.slice(0, 5), id15.slice(5, 10), id15.slice(10, 15)];

/** The three characters that make a 15-character id safe where letter case gets lost. */
export function idSuffix(id15: string): string {
  const bits = (chunk: string) => [...chunk].reduce((sum, c, i) => sum | (c >= 'A' && c <= 'Z' ? 1 << i : 0), 0);
  return chunks(id15)
    .map((chunk) => SUFFIX[bits(chunk)])
    .join('');
}

/** The 18-character form of an id of 15 (as written) or 18 characters (letter case mended); undefined when it is no id. */
export function toId18(id: string): string | undefined {
  if (!/^[0-9A-Za-z]+$/.test(id)) return undefined;
  if (id.length === 15) return id + idSuffix(id);
  if (id.length !== 18) return undefined;
  const suffix = id.slice(15).toUpperCase();
  const given = id.slice(0, 15);
  if (idSuffix(given) === suffix) return given + suffix;
  // Only an id that lost all its letter case on the way can be mended; any other is simply wrong.
  if (given !== given.toLowerCase() && given !== given.toUpperCase()) return undefined;
  const body = chunks(given)
    .map((chunk, i) => {
      const bits = SUFFIX.indexOf(suffix[i]!);
      return [...chunk].map((c, j) => (bits & (1 << j) ? c.toUpperCase() : c.toLowerCase())).join('');
    })
    .join('');
  return idSuffix(body) === suffix ? body + suffix : undefined;
}

/** The 15-character form, as some error texts quote it. */
export const toId15 = (id18: string): string => id18.slice(0, 15);

/** Letters and digits of the given length out of hexadecimal digits. */
export function base62(hex: string, length: number): string {
  let rest = BigInt(`0x${hex}`);
  let text = '';
  for (let i = 0; i < length; i++) {
    text += DIGITS[Number(rest % 62n)];
    rest /= 62n;
  }
  return text;
}

/** An 18-character id with this key prefix, made from freshly minted hexadecimal digits. */
export function makeId(keyPrefix: string, hex: string): string {
  const id15 = keyPrefix + base62(hex, 12);
  return id15 + idSuffix(id15);
}
