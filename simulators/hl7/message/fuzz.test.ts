import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Edit } from '../faults/edit.ts';
import { FileError, readMessages } from '../file.ts';
import { MllpDecoder } from '../mllp.ts';
import { looksReal, Scrubber } from '../scrub.ts';
import { ack } from '../testing/receiver.ts';
import { readAck } from './ack.ts';
import { buildBatch, partiesOf, readBatch, readBatchAnswer } from './batch.ts';
import { buildMessage, segment } from './build.ts';
import { decodeText } from './charset.ts';
import { escapeText, unescapeText } from './delimiters.ts';
import { NotHl7, occurrences, parseMessage, plain } from './parse.ts';
import { parseDate, parseTime } from './time.ts';

// Bytes as peers send them: any, and those that mean something, often.
const byte = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...Buffer.from('MSH|^~\\&\r\n\u000b\u001cMSA|AA|1')) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }) },
);
const bytes = fc.array(byte, { maxLength: 200 }).map((all) => Buffer.from(all));
const value = fc.string({
  unit: fc.oneof(fc.constantFrom(...'|^~\\&#\r\n"HNF.br'), fc.string({ minLength: 1, maxLength: 1, unit: 'grapheme' })),
  maxLength: 12,
});

describe('batches', () => {
  const pieces = fc.constantFrom('FHS', 'BHS', 'MSH', 'MSA', 'BTS', 'FTS', '|', '^~\\&', 'AA', 'B1', '1', '\r', '\n', 'é');
  const given = fc.array(pieces, { maxLength: 40 }).map((all) => Buffer.from(all.join(''), 'latin1'));

  test('reader and answers survive anything; a message of a batch is in it once', () => {
    fc.assert(
      fc.property(given, (frame) => {
        const { messages } = readBatch(frame);
        const lines = frame.toString('latin1').split(/[\r\n]+/);
        expect(messages).toHaveLength(lines.filter((line) => line.startsWith('MSH')).length);
        const { acks, stale } = readBatchAnswer(frame, 'B1', ['1']);
        expect(acks.size > 0 || stale !== undefined).toBe(true);
      }),
    );
  });

  test('what is built is read again', () => {
    const segmentText = fc.stringMatching(/^[A-Za-z0-9|^~&]{0,20}$/);
    fc.assert(
      fc.property(fc.array(segmentText, { maxLength: 5 }), fc.stringMatching(/^[A-Z0-9]{1,20}$/), (bodies, control) => {
        const built = bodies.map((body) => Buffer.from(`MSH|^~\\&|A|B|C|D|1||ADT^A08|7\rPID|${body}\r`));
        const about = { ...partiesOf(Buffer.from('MSH|^~\\&|A|B|C|D|1')), time: '1', control };
        const read = readBatch(buildBatch(built, about));
        expect(read.messages.map(String)).toEqual(built.map(String));
        expect([read.control, read.header.slice(3, 7), read.miscounts]).toEqual([control, ['A', 'B', 'C', 'D'], []]);
      }),
    );
  });
});

describe('readers survive anything', () => {
  test('parser: a message, or NotHl7', () => {
    fc.assert(
      fc.property(bytes, (given) => {
        try {
          parseMessage(decodeText(given));
        } catch (error) {
          expect(error).toBeInstanceOf(NotHl7);
        }
      }),
    );
  });

  test('acknowledgements: an outcome, and never positive for another message', () => {
    fc.assert(
      fc.property(bytes, (given) => {
        expect(['error', 'reject', 'stale', 'garbled']).toContain(readAck(given, 'never-sent').outcome);
      }),
    );
  });

  test('an acknowledgement with any damage is positive only when it names the message', () => {
    const good = Buffer.from(ack('AA', '10001').slice(1, -2));
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 }), (at, to) => {
        const damaged = Buffer.from(good);
        damaged[at] = to;
        const { outcome, answered, code } = readAck(damaged, '10001');
        if (outcome === 'positive') expect([answered, ['AA', 'CA'].includes(code!)]).toEqual(['10001', true]);
      }),
    );
  });

  test('framer: what it holds is bounded, and a whole frame after garbage is found', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 8 }), (chunks) => {
        const decoder = new MllpDecoder(64);
        for (const chunk of chunks)
          for (const found of decoder.push(chunk)) expect(('frame' in found ? found.frame : found.junk).length).toBeLessThan(300);
        const found = decoder.push(Buffer.from('\u000bMSH\u001c\r'));
        expect(found.at(-1)).toEqual({ frame: Buffer.from('MSH') });
      }),
    );
  });

  test('files: messages, or FileError', () => {
    fc.assert(
      fc.property(bytes, (given) => {
        try {
          for (const { text } of readMessages(given)) new Scrubber('s').scrub(text);
        } catch (error) {
          expect(error).toBeInstanceOf(FileError);
        }
      }),
    );
  });

  test('times: none, or one that exists', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789.+-'), maxLength: 24 }), (text) => {
        const [date, time] = [parseDate(text), parseTime(text, 'America/New_York')];
        if (date) expect(Number.isNaN(Date.parse(date))).toBe(false);
        if (time) expect(Number.isNaN(Date.parse(time))).toBe(false);
      }),
    );
  });
});

describe('what is built is what is read', () => {
  const set = fc.uniqueArray(fc.constantFrom(...'|^~\\&!@*$%#;:'), { minLength: 5, maxLength: 6 });
  const delimitersOf = ([field, component, repetition, mark, sub, truncation]: string[]) => ({
    ...{ field: field!, component: component!, repetition: repetition!, escape: mark!, sub: sub! },
    ...(truncation ? { truncation } : {}),
  });

  test('any text, escaped and back, with any delimiters', () => {
    fc.assert(
      fc.property(value, set, (text, chars) => {
        const delimiters = delimitersOf(chars);
        const escaped = escapeText(text, delimiters);
        for (const char of chars.filter((each) => each !== delimiters.escape)) expect(escaped).not.toContain(char);
        expect(escaped).not.toMatch(/[\r\n]/);
        expect(unescapeText(escaped, delimiters)).toBe(text);
      }),
    );
  });

  test('any components, with any delimiters', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 4 }), set, (components, chars) => {
        const delimiters = delimitersOf(chars);
        const text = buildMessage([segment('MSH', { 9: 'ADT' }), segment('PID', { 5: [...components, 'end'] })], delimiters);
        const read = parseMessage(text);
        expect(read.delimiters).toEqual(delimiters);
        const [found = []] = occurrences(read, 'PID', 5);
        expect(found.slice(0, -1).map((each) => plain(read, each))).toEqual(components.map((each) => each.trim()));
      }),
    );
  });

  test('a message taken apart and put together is the same', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 6 }), (fields) => {
        const text = buildMessage([
          segment('MSH', { 9: 'ADT' }),
          segment('ZZZ', Object.fromEntries(fields.map((each, at) => [at + 1, each]))),
        ]);
        const built = Buffer.from(text);
        expect(new Edit(built).bytes().equals(built)).toBe(true);
      }),
    );
  });

  test('scrubbed twice it is still nobody, whatever the names', () => {
    const word = fc
      .string({ unit: fc.constantFrom(...'ABCDEFGHIJ'), minLength: 3, maxLength: 9 })
      .filter((each) => !each.startsWith('ZZ'));
    fc.assert(
      fc.property(word, word, (family, given) => {
        const text = `MSH|^~\\&|A|B|C|D|1||ADT^A08|7|P|2.3\rPID|1||12345||${family}^${given}||19800101\rNTE|1||${given} ${family} called\r`;
        const scrubbed = new Scrubber('s').scrub(text);
        expect(looksReal(scrubbed)).toEqual([]);
        expect(scrubbed.split('|').slice(12).join('|')).not.toMatch(new RegExp(`\\b(${family}|${given})\\b`));
      }),
    );
  });
});
