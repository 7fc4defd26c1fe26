import { Hl7Message } from '@medplum/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildAck, Refusal, readAck } from './ack.ts';
import { buildMessage, type Field, renderField, segment } from './build.ts';
import { type Charset, decodeText, encodeText } from './charset.ts';
import { type Delimiters, escapeText, STANDARD, unescapeText } from './delimiters.ts';
import { hasSegment, NotHl7, parseMessage, plain, rawField, value } from './parse.ts';
import { formatDate, formatTime, parseDate } from './time.ts';

const ODD: Delimiters = { field: '#', component: '*', repetition: '%', escape: '$', sub: '@' };
const anyText = fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed());
/** Text that is likely to hold what must be escaped. */
const nastyText = fc.oneof(
  anyText,
  fc.string({ unit: fc.constantFrom('|', '^', '~', '\\', '&', '\r', '\n', 'F', 'E', 'X', '.br', '"', 'é') }),
);

describe('escaping', () => {
  test.each([
    ['a|b^c~d\\e&f', 'a\\F\\b\\S\\c\\R\\d\\E\\e\\T\\f'],
    ['two\r\nlines', 'two\\X0D\\\\X0A\\lines'],
    ['\\F\\', '\\E\\F\\E\\'],
    ['Zoë Łukasz', 'Zoë Łukasz'],
  ])('%j is written as %j', (plainText, escaped) => {
    expect(escapeText(plainText)).toBe(escaped);
    expect(unescapeText(escaped)).toBe(plainText);
  });

  test.each([
    ['one\\.br\\two', 'one\ntwo'],
    ['\\H\\loud\\N\\', 'loud'],
    ['C:\\temp', 'C:\\temp'],
    ['a\\Z9\\b', 'a\\Z9\\b'],
    ['half\\', 'half\\'],
  ])('%j is read as %j', (escaped, plainText) => expect(unescapeText(escaped)).toBe(plainText));

  test.each([
    ['standard', STANDARD],
    ['odd', ODD],
  ])('any text survives, with %s delimiters', (_, delimiters) => {
    fc.assert(fc.property(nastyText, (text) => unescapeText(escapeText(text, delimiters), delimiters) === text));
  });

  test('no escaped text holds a delimiter or a frame byte', () => {
    const forbidden = [...'|^~&\r\n\u000b\u001c'];
    fc.assert(fc.property(nastyText, (text) => !forbidden.some((char) => escapeText(text).includes(char))));
  });
});

describe('building', () => {
  test.each<[Field, string]>([
    [undefined, ''],
    ['a', 'a'],
    [['a', undefined, ['b', 'c']], 'a^^b&c'],
    [['', '', ''], ''],
    [{ repeat: ['a', ['b', 'c']] }, 'a~b^c'],
    [{ repeat: [] }, ''],
    [{ raw: 'a^b' }, 'a^b'],
  ])('%j is %j', (field, text) => expect(renderField(field)).toBe(text));

  test('another reader finds each value where it was put', () => {
    const values = fc.array(nastyText, { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(values, fc.constantFrom(STANDARD, ODD), ([a, b, c, d, e], delimiters) => {
        const fields = { 1: a, 3: [b, [c, d]], 5: { repeat: ['x', ['y', e]] } } as const;
        const text = buildMessage(
          [segment('MSH', { 10: 'c1', 12: '2.5.1' }), segment('ZZZ', fields), segment('ZND', { 1: 'end' })],
          delimiters,
        );
        const read = Hl7Message.parse(text).getSegment('ZZZ')!;
        const plainOf = (field: number, component: number, sub = 0, rep = 0): string =>
          unescapeText(read.getComponent(field, component, sub, rep) ?? '', delimiters);
        expect([plainOf(1, 1), plainOf(3, 1), plainOf(3, 2), plainOf(3, 2, 1), plainOf(5, 2, 0, 1)]).toEqual([a, b, c, d, e]);
        const own = parseMessage(text);
        expect(plain(own, rawField(own, 'ZZZ', 3).split(delimiters.component)[1], 2)).toBe(d!.trim());
      }),
    );
  });
});

describe('character sets', () => {
  test.each<[Charset, string, string, number]>([
    ['', 'Zoë', 'Zo?', 1],
    ['ASCII', 'Zoe', 'Zoe', 0],
    ['8859/1', 'Zoë Ł', 'Zoë ?', 1],
    ['UNICODE UTF-8', 'Zoë Ł 𝔷', 'Zoë Ł 𝔷', 0],
  ])('%s holds %j as %j', (charset, text, kept, lost) => {
    const header = `MSH|^~\\&|A|B|C|D|||ADT^A08|1|P|2.5.1||||||${charset}\r`;
    const encoded = encodeText(`${header}PID|${text}\r`, charset);
    expect(encoded.lost).toBe(lost);
    expect(decodeText(encoded.bytes)).toBe(`${header}PID|${kept}\r`);
  });

  test('Latin-1 that nobody declared is read byte by byte', () => {
    expect(decodeText(Buffer.from('MSH|^~\\&|A\rPID|Zoë\r', 'latin1'))).toContain('Zoë');
  });

  test('any text survives UTF-8', () => {
    fc.assert(fc.property(anyText, (text) => decodeText(encodeText(`x${text}`, 'UNICODE UTF-8').bytes) === `x${text}`));
  });
});

describe('times', () => {
  const full = { fraction: 3, offset: true } as const;
  test.each([
    ['2026-03-02T12:00:00.007Z', 'America/New_York', '20260302070000.007-0500'],
    ['2026-03-08T06:59:59.999Z', 'America/New_York', '20260308015959.999-0500'],
    ['2026-03-08T07:00:00.000Z', 'America/New_York', '20260308030000.000-0400'],
    ['2026-11-01T05:30:00.000Z', 'America/New_York', '20261101013000.000-0400'],
    ['2026-11-01T06:30:00.000Z', 'America/New_York', '20261101013000.000-0500'],
    ['2026-01-01T00:00:00.000Z', 'Asia/Kolkata', '20260101053000.000+0530'],
    ['2026-01-01T00:00:00.000Z', 'UTC', '20260101000000.000+0000'],
    ['2026-01-01T05:00:00.000Z', 'America/New_York', '20260101000000.000-0500'],
    ['1960-06-01T12:00:00.000Z', 'America/New_York', '19600601080000.000-0400'],
  ])('%s in %s is %s', (instant, zone, text) => expect(formatTime(instant, zone, full)).toBe(text));

  test('precision and offset can be left out', () => {
    expect(formatTime('2026-03-02T12:00:00.007Z', 'UTC', { fraction: 0, offset: false })).toBe('20260302120000');
  });

  test.each([
    ['1980-02-29', '19800229'],
    ['1980-02', '198002'],
    ['1980', '1980'],
  ])('the date %s is %s, and back', (date, text) => {
    expect(formatDate(date)).toBe(text);
    expect(parseDate(text)).toBe(date);
  });

  test.each([
    ['198002291530', '1980-02-29'],
    ['19800229153000.123-0500', '1980-02-29'],
    ['19810229', undefined],
    ['19801301', undefined],
    ['00000000', undefined],
    ['02/29/1980', undefined],
    ['soon', undefined],
    ['', undefined],
  ])('%j is read as %j', (text, date) => expect(parseDate(text)).toBe(date));
});

describe('parsing', () => {
  const text = 'MSH|^~\\&|APP^1.2^ISO|FAC|||20260302||ADT^A31^ADT_A05|77|P|2.5.1\rPID|1||5^^^X&1.2&ISO~6||A\\T\\B^C\rZZZ|1\r';

  test.each([
    ['CR', text],
    ['LF', text.replaceAll('\r', '\n')],
    ['CRLF', text.replaceAll('\r', '\r\n')],
    ['doubled ends', text.replaceAll('\r', '\r\n\r\n')],
    ['no final end', text.trimEnd()],
    ['a byte order mark', `\uFEFF${text}`],
    ['blank lines before', `\r\n${text}`],
    ['other delimiters', text.replaceAll('^', '*').replaceAll('|', '#')],
    ['a truncation character', text.replace('^~\\&', '^~\\&#')],
    ['a lower-case segment', text.replace('PID', 'pid')],
  ])('%s', (_, given) => {
    const message = parseMessage(given);
    expect(value(message, 'MSH', 3)).toBe('APP');
    expect(value(message, 'MSH', 9, 2)).toBe('A31');
    expect(rawField(message, 'MSH', 10)).toBe('77');
    expect(value(message, 'PID', 5)).toBe('A&B');
    expect(hasSegment(message, 'ZZZ')).toBe(true);
  });

  test.each(['', 'hello', 'PID|1', 'MSH', 'MSHABC', 'GET / HTTP/1.1'])('%j is no message', (given) =>
    expect(() => parseMessage(given)).toThrow(NotHl7),
  );
});

describe('acknowledgements', () => {
  const reply = (msa: string, more = ''): Buffer => Buffer.from(`MSH|^~\\&|A|B|C|D|1||ACK|9|P|2.5.1\r${msa}\r${more}`);
  test.each([
    ['AA', reply('MSA|AA|42'), 'positive'],
    ['CA', reply('MSA|CA|42'), 'positive'],
    ['AE', reply('MSA|AE|42|too bad'), 'error'],
    ['CE', reply('MSA|CE|42'), 'error'],
    ['AR', reply('MSA|AR|42'), 'reject'],
    ['CR', reply('MSA|CR|42'), 'reject'],
    ['another control id', reply('MSA|AA|41'), 'stale'],
    ['a control id that differs by a zero', reply('MSA|AA|042'), 'stale'],
    ['an unknown code', reply('MSA|OK|42'), 'garbled'],
    ['no MSA', reply('ERR|'), 'garbled'],
    ['a release-2 acknowledgement', Buffer.from([0x06]), 'garbled'],
    ['LF ends', Buffer.from(reply('MSA|AA|42').toString().replaceAll('\r', '\n')), 'positive'],
    ['other delimiters', Buffer.from(reply('MSA|AA|42').toString().replaceAll('|', '!')), 'positive'],
  ])('%s', (_, bytes, outcome) => expect(readAck(bytes, '42').outcome).toBe(outcome));

  test.each([
    [reply('MSA|AE|42|too bad'), 'too bad'],
    [reply('MSA|AE|42', 'ERR||PID^1^3|204|E||||no such patient'), 'no such patient'],
    [reply('MSA|AE|42', 'ERR||PID^1^3|204|E|||diagnosis'), 'diagnosis'],
    [reply('MSA|AE|42'), undefined],
  ])('the reason is found', (bytes, reason) => expect(readAck(bytes, '42').reason).toBe(reason));

  test('ours swaps sender and receiver, and repeats the control id byte for byte', () => {
    const message = parseMessage('MSH#*~\\&#SYNC#CRM#EPIC*1.2*ISO#FAC#1##ADT*A31#x|^1#T#2.3\r');
    const refusal = new Refusal('AE', 204, 'PID^1^3', 'no patient has this identifier');
    expect(buildAck({ message, control: '7', time: '20260302', refusal })).toBe(
      'MSH#*~\\&#EPIC*1.2*ISO#FAC#SYNC#CRM#20260302##ACK*A31*ACK#7#T#2.3\rMSA#AE#x|^1\r' +
        'ERR##PID*1*3#204*Unknown key identifier*HL70357#E####no patient has this identifier\r',
    );
  });
});
