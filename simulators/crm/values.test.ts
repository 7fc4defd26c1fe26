import { describe, expect, test } from 'vitest';
import type { FieldDefinition, FieldType } from './schema.ts';
import { parseValue, wireValue } from './values.ts';

const field = (type: FieldType, more: Partial<FieldDefinition> = {}): FieldDefinition => ({
  name: 'F__c',
  label: 'F',
  type,
  ...more,
});

describe('what is stored', () => {
  test.each([
    ['text is trimmed', field('string'), '  x ', 'x'],
    ['empty text clears', field('string'), '', null],
    ['blank text clears', field('string'), '  ', null],
    ['null clears', field('string'), null, null],
    ['a number as text', field('string'), 5, '5'],
    ['a number in a string', field('double'), '3.14', 3.14],
    ['true in a string', field('boolean'), 'true', true],
    ['a checkbox is never null', field('boolean'), null, false],
    ['29 February', field('date'), '2024-02-29', '2024-02-29'],
    ['Z', field('datetime'), '2026-01-02T03:04:05Z', '2026-01-02T03:04:05.000Z'],
    ['+0000', field('datetime'), '2026-01-02T03:04:05.000+0000', '2026-01-02T03:04:05.000Z'],
    ['an offset', field('datetime'), '2026-01-02T03:04:05-05:00', '2026-01-02T08:04:05.000Z'],
    ['milliseconds are dropped', field('datetime'), '2026-01-02T03:04:05.678Z', '2026-01-02T03:04:05.000Z'],
    ['any value of an open picklist', field('picklist', { picklist: ['A'] }), 'B', 'B'],
  ])('%s', (_, definition, input, stored) => {
    expect(parseValue(definition, input)).toBe(stored);
  });

  test.each([
    ['too long', field('string', { length: 3 }), 'four', 'STRING_TOO_LONG', 'F: data value too large: four (max length=3)'],
    [
      'closed picklist',
      field('picklist', { picklist: ['A'], restricted: true }),
      'a',
      'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
      'F: bad value for restricted picklist field: a',
    ],
    ['mail', field('email'), 'x@y', 'INVALID_EMAIL_ADDRESS', 'F: invalid email address: x@y'],
    [
      '29 February 2026',
      field('date'),
      '2026-02-29',
      'JSON_PARSER_ERROR',
      'Cannot deserialize instance of date from VALUE_STRING value 2026-02-29',
    ],
    [
      'a datetime without zone',
      field('datetime'),
      '2026-01-02T03:04:05',
      'JSON_PARSER_ERROR',
      'Cannot deserialize instance of datetime',
    ],
    ['an object', field('string'), {}, 'JSON_PARSER_ERROR', 'Cannot deserialize instance of string from START_OBJECT'],
    ['yes for a checkbox', field('boolean'), 'yes', 'JSON_PARSER_ERROR', 'Cannot deserialize instance of boolean'],
  ])('%s is refused', (_, definition, input, code, text) => {
    expect(() => parseValue(definition, input)).toThrow(`${code}: ${text}`);
  });

  test('the place of a bad value is named', () => {
    const raw = '{\n  "F__c": "x"\n}';
    expect(() => parseValue(field('date'), 'x', raw)).toThrow('at [line:2, column:10]');
  });
});

test('datetimes go out without a colon in their zone', () => {
  expect(wireValue(field('datetime'), '2026-01-02T03:04:05.123Z')).toBe('2026-01-02T03:04:05.123+0000');
  expect(wireValue(field('boolean'), undefined)).toBe(false);
  expect(wireValue(field('string'), undefined)).toBe(null);
});
