import { describe, expect, test } from 'vitest';
import { compileCondition } from './condition.ts';

const row = {
  Id: '003000000000001AAA',
  LastName: "O'Hara",
  City: 'Zürich',
  Active__c: true,
  Deceased__c: false,
  Count__c: 7,
  Birthdate: '2024-02-29',
  Start__c: '2026-03-02T09:30:00.000Z',
  Tags__c: 'a;b',
  Empty__c: null,
  Contact__r: { Name: 'Ann' },
};
// Monday, 2 March 2026, noon.
const now = () => Date.parse('2026-03-02T12:00:00Z');

describe('SOQL conditions', () => {
  test.each([
    ["LastName = 'o\\'hara'", true],
    ["LastName != 'o\\'hara'", false],
    ["lastname LIKE 'O%a'", true],
    ["LastName LIKE 'O_Hara'", true],
    ["LastName LIKE 'O\\_Hara'", false],
    ["(NOT LastName LIKE 'x%')", true],
    ["NOT LastName LIKE 'o%'", false],
    ["City = 'ZÜRICH'", true],
    ['Active__c = true', true],
    ['Active__c = FALSE', false],
    ['Missing__c = false', true],
    ['Count__c > 6.5 AND Count__c <= 7', true],
    ['Count__c <> 7', false],
    ['Empty__c = null', true],
    ['Empty__c != null', false],
    ["Empty__c != 'x'", true],
    ["Empty__c NOT IN ('x')", true],
    ["Empty__c IN ('x', NULL)", true],
    ["Empty__c < 'x'", false],
    ["LastName IN ('a', 'O\\'HARA')", true],
    ["LastName NOT IN ('a', 'b')", true],
    ["Tags__c INCLUDES ('a;b', 'z')", true],
    ["Tags__c INCLUDES ('a;c')", false],
    ["Tags__c EXCLUDES ('z')", true],
    ['Birthdate = 2024-02-29', true],
    ['Birthdate > 2024-02-28', true],
    ['Start__c = 2026-03-02T10:30:00+01:00', true],
    ['Start__c >= 2026-03-02T09:30:00.001Z', false],
    ['Start__c = TODAY', true],
    ['Start__c < TODAY', false],
    ['Start__c <= TODAY', true],
    ['Start__c > YESTERDAY', true],
    ['Start__c = THIS_WEEK', true],
    ['Start__c = LAST_N_DAYS:1', true],
    ['Start__c = LAST_WEEK', false],
    ['Start__c = N_DAYS_AGO:0', true],
    ['Birthdate < LAST_N_YEARS:1', true],
    ["Contact__r.Name = 'ann'", true],
    ['Other__r.Name = null', true],
    ["(LastName = 'x' OR Active__c = true) AND Count__c = 7", true],
    ["Id = '003000000000001AAA'", true],
  ])('%s is %s', (where, expected) => {
    expect(compileCondition(where, { now })(row)).toBe(expected);
  });

  test.each([
    ['A = 1 AND B = 2 OR C = 3', "unexpected token: 'OR'"],
    ['A = "x"', "no viable alternative at character '\"'"],
    ['A = 2026-01-01T00:00:00 01:00', "line 1:23 no viable alternative at character ' '"],
    ["A = 'x' AND NOT B = 'y'", "unexpected token: 'NOT'"],
    ["A = 'x' LIMIT 1", "unexpected token: 'LIMIT'"],
    ['A =', "unexpected token: '<EOF>'"],
    ["A = '\\q'", 'Invalid string literal'],
    ['DISTANCE(A, B) < 1', 'does not implement'],
  ])('%s is refused', (where, message) => {
    expect(() => compileCondition(where)).toThrow(message);
  });
});
