import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MllpDecoder, mllpFrame } from './mllp.ts';

/** Frames and junk found in a stream that comes in these pieces; junk in brackets. */
function decode(pieces: (string | Buffer)[], limit?: number): string[] {
  const decoder = new MllpDecoder(limit);
  const found = pieces.flatMap((piece) => decoder.push(Buffer.from(piece as string)));
  return found.map((each) => ('frame' in each ? each.frame.toString() : `<${each.junk}>`));
}

const [VT, FS] = ['\u000b', '\u001c'];

describe('decoding', () => {
  test.each([
    ['one frame', [`${VT}a${FS}\r`], ['a']],
    ['split anywhere', [VT, 'a', 'b', FS, '\r'], ['ab']],
    ['FS and CR in different packets', [`${VT}a${FS}`, `\r${VT}b${FS}\r`], ['a', 'b']],
    ['two in one packet', [`${VT}a${FS}\r${VT}b${FS}\r`], ['a', 'b']],
    ['FS without CR', [`${VT}a${FS}${VT}b${FS}`], ['a', 'b']],
    ['junk before VT', [`xyz${VT}a${FS}\r`], ['<xyz>', 'a']],
    ['white space and NULs between', [`\r\n \0${VT}a${FS}\r\n`], ['a']],
    ['a frame cut off by the next', [`${VT}a${VT}b${FS}\r`], ['<a>', 'b']],
    ['doubled framing', [`${VT}${VT}a${FS}\r${FS}\r`], ['a']],
    ['an empty frame', [`${VT}${FS}\r`], ['']],
    ['no frame at all', ['GET / HTTP/1.1\r\n'], ['<GET / HTTP/1.1\r\n>']],
    ['no end', [`${VT}abc`], []],
  ])('%s', (_, pieces, found) => expect(decode(pieces)).toEqual(found));

  test('an endless frame is given up, and the next one is read', () => {
    expect(decode([`${VT}1234567890`, `123${VT}ok${FS}\r`], 9)).toEqual(['<1234567890>', '<123>', 'ok']);
  });

  test('any payloads, cut anywhere', () => {
    const payload = fc.string({ unit: fc.constantFrom('a', '\r', '|', 'é') });
    fc.assert(
      fc.property(fc.array(payload, { maxLength: 5 }), fc.infiniteStream(fc.integer({ min: 1, max: 7 })), (payloads, sizes) => {
        const bytes = Buffer.concat(payloads.map((each) => mllpFrame(Buffer.from(each))));
        const pieces: Buffer[] = [];
        for (let at = 0; at < bytes.length; at += pieces.at(-1)!.length) pieces.push(bytes.subarray(at, at + sizes.next().value));
        expect(decode(pieces)).toEqual(payloads);
      }),
    );
  });
});
