import { describe, expect, it } from 'vitest';
import { ConditionError, compileCondition } from './soql-condition.ts';

const row = {
  Status__c: 'Booked',
  Active__c: true,
  Count__c: 3,
  Start__c: '2026-03-08T06:30:00.000Z',
  Birthdate: '2000-02-29',
  Empty__c: null,
  Quote__c: "O'Brien",
};

it.each([
  ["Status__c = 'Booked'", true],
  ["Status__c = 'booked'", true],
  ["Status__c != 'Cancelled'", true],
  ["Status__c <> 'Booked'", false],
  ["Missing__c != 'Cancelled'", true],
  ['Active__c = true', true],
  ['Active__c = TRUE', true],
  ['Missing__c = false', true],
  ['Active__c != false', true],
  ['Empty__c = null', true],
  ['Missing__c = NULL', true],
  ['Status__c != null', true],
  ['Count__c > 2', true],
  ['Count__c <= 2', false],
  ['Count__c = -3', false],
  ['Missing__c < 5', false],
  ['Birthdate = 2000-02-29', true],
  ['Birthdate >= 2001-01-01', false],
  ['Start__c = 2026-03-08T01:30:00-05:00', true],
  ['Start__c > 2026-03-08T06:30:00Z', false],
  ["Quote__c = 'O\\'Brien'", true],
  ["Status__c LIKE 'Boo%'", true],
  ["Status__c LIKE 'B_'", false],
  ["Status__c IN ('Pending', 'Booked')", true],
  ["Status__c NOT IN ('Pending', 'Booked')", false],
  ['Empty__c IN (null)', true],
  ["NOT Status__c = 'Booked'", false],
  ["Active__c = true AND Status__c = 'Booked' AND Count__c = 3", true],
  ["Active__c = false OR Status__c = 'Booked'", true],
  ["Active__c = true AND (Status__c = 'X' OR Count__c = 3)", true],
  ["NOT (Active__c = true AND Status__c = 'X')", true],
  ["Active__c=true and Status__c='Booked'", true],
])('%s is %s', (text, holds) => {
  expect(compileCondition(text).test(row)).toBe(holds);
});

it('names its fields', () => {
  expect(compileCondition("A = 1 AND (B = 'x' OR A = 2)").fields).toEqual(['A', 'B']);
});

describe('mistakes', () => {
  it.each([
    ['', 1, 'field name'],
    ['Active__c', 10, 'expected ='],
    ['Active__c = ', 13, 'expected a value'],
    ['Active__c = yes', 13, 'apostrophes'],
    ["Status__c = 'Booked", 13, 'not closed'],
    ['A = 1 AND B = 2 OR C = 3', 17, 'brackets'],
    ['A = 1 B = 2', 7, 'expected AND or OR'],
    ['(A = 1', 7, 'expected ")"'],
    ["A IN 'x'", 6, 'expected "("'],
    ['A == 1', 4, 'expected a value'],
    ['A = 1 & B = 2', 7, 'unexpected "&"'],
  ])('%s: character %i, %s', (text, column, message) => {
    const mistake = (() => {
      try {
        compileCondition(text);
      } catch (error) {
        return error as ConditionError;
      }
    })();
    expect(mistake).toBeInstanceOf(ConditionError);
    expect(mistake?.message).toContain(message);
    expect(mistake?.column).toBe(column);
  });
});
