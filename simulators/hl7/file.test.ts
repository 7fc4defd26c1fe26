import { describe, expect, test } from 'vitest';
import { batchFile, describeMessage, FileError, readMessages } from './file.ts';
import { looksReal, Scrubber } from './scrub.ts';

const A = 'MSH|^~\\&|A|B|C|D|1||ADT^A08^ADT_A01|7|T|2.5.1\rPID|1||5^^^X||ZZTEST^A\r';
const B = 'MSH|^~\\&|A|B|C|D|2||SIU^S12|8|T|2.3\rSCH|1\r';
const texts = (file: string): string[] => readMessages(Buffer.from(file, 'latin1')).map(({ text }) => text);

describe('files', () => {
  test.each([
    ['CR', A + B],
    ['LF', (A + B).replaceAll('\r', '\n')],
    ['CR LF, with a blank line between', `${A}\r${B}`.replaceAll('\r', '\r\n')],
    ['no end of the last line', (A + B).replaceAll('\r', '\n').trimEnd()],
    ['frames', `\u000b${A}\u001c\r\u000b${B}\u001c\r`],
    ['frames without line ends between', `\u000b${A}\u001c\u000b${B}\u001c`],
    ['a byte order mark', `\xef\xbb\xbf${A}${B}`],
    ['a batch', `FHS|^~\\&\rBHS|^~\\&\r${A}${B}BTS|2\rFTS|1\r`],
    ['two batches', `FHS|^~\\&\rBHS|^~\\&\r${A}BTS|1\rBHS|^~\\&\r${B}BTS|1\rFTS|2\r`],
    ['batches without headers', `${A}BTS|1\r${B}BTS|1\rFTS|2\r`],
    ['a batch without trailers', `FHS|^~\\&\rBHS|^~\\&\r${A}${B}`],
    ['trailers without counts', `FHS|^~\\&\rBHS|^~\\&\r${A}${B}BTS\rFTS|\r`],
    ['an empty batch before it', `BHS|^~\\&\rBTS|0\rBHS|^~\\&\r${A}${B}BTS|2\rFTS|2\r`],
    ['a batch in frames', `\u000bBHS|^~\\&\r${A}${B}BTS|2\r\u001c\r`],
  ])('%s', (_, file) => expect(texts(file)).toEqual([A, B]));

  test.each([
    ['nothing', '', 'there is no message in it'],
    ['other text', 'hello world', 'line 1 is no segment: "hello world"'],
    ['a segment before MSH', `PID|1\r${A}`, 'line 1 stands before the first MSH: PID'],
    ['text in between', `${A}free text\r${B}`, 'line 3 is no segment'],
    ['a wrong count', `BHS|^~\\&\r${A}${B}BTS|3\r`, 'line 6: BTS-1 says 3 messages, and there are 2 since line 1\n  fix: '],
    ['a count of one', `${A}${B}BTS|1\r`, 'line 5: BTS-1 says 1 message, and there are 2 since line 1'],
    ['no count', `BHS!^~\\&\r${A}BTS!two\r`, 'line 4: BTS-1 is no count: "two"; there is 1 since line 1'],
    ['a wrong count of batches', `FHS|^~\\&\rBHS|^~\\&\r${A}BTS|1\rFTS|2\r`, 'line 6: FTS-1 says 2 batches, and there is 1\n'],
    ['a segment after a trailer', `${A}BTS|1\rNTE|1\r`, 'line 4 stands between an envelope and MSH: NTE'],
  ])('%s is refused', (_, file, message) => {
    expect(() => texts(file)).toThrow(FileError);
    expect(() => texts(file)).toThrow(message);
  });

  test('are written as batches', () => {
    const messages = readMessages(Buffer.from(A + B + A, 'latin1'));
    const file = batchFile(messages, 2, '20260302120000+0000').toString('latin1');
    const header = (control: number): string => `BHS|^~\\&|A|B|C|D|20260302120000+0000||||${control}\r`;
    expect(file).toBe(`FHS|^~\\&|A|B|C|D|20260302120000+0000\r${header(1)}${A}${B}BTS|2\r${header(2)}${A}BTS|1\rFTS|2\r`);
    expect(texts(file)).toEqual([A, B, A]);
  });

  test('what a message is', () => {
    expect(describeMessage(A)).toEqual({ message: 'ADT^A08', control: '7', person: '5' });
    expect(describeMessage(B)).toEqual({ message: 'SIU^S12', control: '8', person: '' });
  });
});

const REAL = [
  'MSH|^~\\&|A|B|C|D|1||ADT^A08^ADT_A01|7|P|2.5.1',
  'PID|1||123456^^^H^MR~98-7^^^S^PI||Smith^Jane^Q^Jr||19800229|F||2106-3|12 Elm St^Apt 4^Boston^MA^02101^US^H||(617)867-5309^PRN^PH~^NET^Internet^jane@smith.com|||||ACC77|123-45-6789',
  'NK1|1|Smith^John|SPO|12 Elm St^^Boston|(617)867-5310',
  'GT1|1|G1|Smith^John||12 Elm St|617-867-5310',
  'IN1|1|PLAN|INS|Acme||||||||||||Smith^Jane|SELF|19800229|12 Elm St|||||||||||||||||POL123',
  'NTE|1||Jane Smith (123456) called from 617-867-5399, write to j@smith.com',
  'OBX|1|TX|N^Note||Mrs. Smith of Elm St is well||||||F',
  'OBX|2|ED|D^Doc||^AP^PDF^Base64^JVBERi0=||||||F',
  '',
].join('\r');

describe('real patients', () => {
  test('are suspected, with reasons', () => {
    expect(looksReal(REAL)).toEqual([
      expect.stringContaining('MSH-11 is P'),
      expect.stringContaining('PID-13 holds an e-mail'),
      expect.stringContaining('PID-13 holds a phone'),
      expect.stringContaining('NK1-5 holds a phone'),
      expect.stringContaining('GT1-6 holds a phone'),
      expect.stringContaining('PID-19'),
    ]);
  });

  test('scrubbed, nothing of them is left, and nobody is suspected', () => {
    const scrubbed = new Scrubber('s').scrub(REAL);
    for (const word of [
      'Smith',
      'Jane',
      'John',
      '123456',
      '98-7',
      'Elm',
      'ACC77',
      '6789',
      '867',
      'POL123',
      'smith.com',
      'JVBER',
      '0229',
    ])
      expect(scrubbed, word).not.toContain(word);
    expect(looksReal(scrubbed)).toEqual([]);
    // What is no identity stays.
    for (const word of ['MA^02101^US^H', '|F||2106-3|', '^^^H^MR~', 'PLAN|INS|Acme', 'is well', '|SPO|'])
      expect(scrubbed, word).toContain(word);
    expect(scrubbed.split('\r').length).toBe(REAL.split('\r').length);
  });

  test('the same identity becomes the same, in every segment and message', () => {
    const scrubber = new Scrubber('s');
    const [one, two] = [scrubber.scrub(REAL), scrubber.scrub(REAL.replace('|7|P|', '|8|P|'))];
    expect(two.replace('|8|P|', '|7|P|')).toBe(one);
    const pid = one.split('\r')[1]!.split('|');
    const family = pid[5]!.split('^')[0]!;
    expect(one.split(family).length).toBeGreaterThan(5);
    expect(pid[3]).toMatch(/^\d{6}\^\^\^H\^MR~\d\d-\d\^\^\^S\^PI$/);
    expect(pid[7]).toMatch(/^1980\d{4}$/);
    expect(new Scrubber('other').scrub(REAL)).not.toBe(one);
  });

  test('PID-40 of version 2.7 is one of the places', () => {
    const text = `MSH|^~\\&|A|B|C|D|1||ADT^A08|7|T|2.8\rPID|1||5${'|'.repeat(37)}^PRN^PH^^1^617^8675309\r`;
    expect(looksReal(text)).toEqual([expect.stringContaining('PID-40 holds a phone')]);
    expect(new Scrubber('s').scrub(text)).not.toContain('8675309');
  });

  test('an empty and a cleared field stay so', () => {
    const text = 'MSH|^~\\&|A|B|C|D|1||ADT^A08|7|P|2.3\rPID|1||5||""||""||||""||""\r';
    expect(new Scrubber('s').scrub(text).replace(/\|\|\d\|\|/, '||5||')).toBe(text);
  });
});
