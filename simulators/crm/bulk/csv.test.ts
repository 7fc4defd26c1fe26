import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CsvError, CsvReader, csvLine } from './csv.ts';

const read = (text: string, delimiter = ',', cut = 7): string[][] => {
  const reader = new CsvReader(delimiter);
  const rows: string[][] = [];
  for (let at = 0; at < text.length; at += cut) rows.push(...reader.push(text.slice(at, at + cut)));
  return [...rows, ...reader.end()];
};

describe('CSV', () => {
  test.each([
    [
      'a,b\n1,2',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'a,b\r\n"1 ""x""","2\r\n3"\r\n',
      [
        ['a', 'b'],
        ['1 "x"', '2\r\n3'],
      ],
    ],
    ['\ufeffa\n\n1\n', [['a'], ['1']]],
    [
      'a,b\n,\n"",""\n',
      [
        ['a', 'b'],
        ['', ''],
        ['', ''],
      ],
    ],
    ['', []],
  ])('%j', (text, rows) => {
    for (const cut of [1, 2, 7, 100]) expect(read(text, ',', cut)).toEqual(rows);
  });

  test('a quote that is never closed', () => {
    expect(() => read('a\n"b')).toThrow(CsvError);
  });

  test('what we write, csv-parse and we read alike, however it is cut', () => {
    const cells = fc.array(
      fc.array(fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', ';', 'é', ' ') }), { minLength: 2, maxLength: 4 }),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(
        cells,
        fc.constantFrom(',', ';', '|', '\t', '^', '`'),
        fc.integer({ min: 1, max: 9 }),
        (rows, delimiter, cut) => {
          const text = rows.map((row) => csvLine(row, delimiter)).join('');
          expect(read(text, delimiter, cut)).toEqual(rows);
          expect(parse(text, { delimiter, relaxColumnCount: true })).toEqual(rows);
        },
      ),
    );
  });

  test('any text is read or refused', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r') }), (text) => {
        try {
          read(text);
        } catch (error) {
          expect(error).toBeInstanceOf(CsvError);
        }
      }),
    );
  });
});
