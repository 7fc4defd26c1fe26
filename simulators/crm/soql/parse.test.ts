import { isQueryValid } from '@jetstreamapp/soql-parser-js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SoqlError } from './error.ts';
import { parseQuery } from './parse.ts';

// Statements as jsforce, simple-salesforce, Camel, OpenFn and Django write them, and some that must be refused.
const GOOD = [
  'SELECT Id FROM Contact',
  "select id, name from contact where name = 'x' order by name desc nulls last limit 5 offset 2",
  "SELECT Contact.Id, Contact.LastName FROM Contact WHERE (NOT (Contact.Id IN (NULL, '003000000000001AAA')))",
  "SELECT Id, (SELECT Id, Start__c FROM Appointments__r WHERE Status__c != 'Cancelled' ORDER BY Start__c) FROM Contact",
  'SELECT COUNT() FROM Contact',
  'SELECT COUNT(Id) n, MAX(SystemModstamp) FROM Contact',
  'SELECT Status__c, COUNT(Id) total FROM Appointment__c GROUP BY Status__c',
  'SELECT FIELDS(ALL) FROM Contact LIMIT 200',
  'SELECT c.Id\nFROM Contact c\nWHERE c.SystemModstamp > 2026-01-02T03:04:05.123Z\nORDER BY c.SystemModstamp ASC, c.Id',
  "SELECT Id FROM Appointment__c WHERE Contact__c IN (SELECT Id FROM Contact WHERE LastName LIKE 'A%')",
  "SELECT Id FROM Contact WHERE CreatedDate = LAST_N_DAYS:30 AND (FirstName = 'a' OR FirstName = 'b')",
  'SELECT Id FROM Contact WITH SECURITY_ENFORCED LIMIT 1',
  'SELECT Id FROM Contact FOR VIEW',
  'SELECT Id FROM Contact LIMIT 1 FOR UPDATE',
  'SELECT Sex__c, COUNT(Id) n FROM Contact GROUP BY Sex__c HAVING COUNT(Id) > 1 ORDER BY COUNT(Id) DESC',
  'SELECT CALENDAR_YEAR(CreatedDate), COUNT(Id) FROM Contact GROUP BY CALENDAR_YEAR(CreatedDate)',
  'SELECT Id FROM Contact WHERE DAY_ONLY(CreatedDate) = 2026-01-01 AND CALENDAR_MONTH(CreatedDate) IN (1, 2)',
  'SELECT Id, toLabel(Sex__c) FROM Contact USING SCOPE everything',
  "SELECT Id FROM Account WHERE Interests__c INCLUDES ('A;B', 'C')",
  'SELECT Id FROM Contact WHERE CreatedDate = THIS_FISCAL_YEAR OR CreatedDate = NEXT_N_FISCAL_QUARTERS:2',
  'SELECT Id FROM Contact WITH USER_MODE',
];
const BAD = [
  '',
  'bogus',
  'SELECT FROM Contact',
  'SELECT Id',
  'SELECT Id FROM',
  'SELECT Id, FROM Contact',
  'SELECT Id FROM Contact WHERE',
  "SELECT Id FROM Contact WHERE Name = 'x",
  'SELECT Id FROM Contact LIMIT x',
  'SELECT Id FROM Contact ORDER Name',
  'SELECT Id FROM Contact WHERE Name IN ()',
];

describe('parsing, with the public parser as the oracle', () => {
  test.each(GOOD)('%s', (soql) => {
    expect(parseQuery(soql)).toBeTruthy();
    expect(isQueryValid(soql)).toBe(true);
  });

  test.each(BAD)('refuses %j', (soql) => {
    expect(() => parseQuery(soql)).toThrow();
    expect(isQueryValid(soql)).toBe(false);
  });

  // What Salesforce refuses and the public parser lets pass: the reason for a parser of our own.
  test('AND beside OR needs parentheses', () => {
    const soql = "SELECT Id FROM Contact WHERE A = 'a' AND B = 'b' OR C = 'c'";
    expect(isQueryValid(soql)).toBe(true);
    expect(() => parseQuery(soql)).toThrow("ERROR at Row:1:Column:50\nunexpected token: 'OR'");
  });

  test.each([
    ['bogus', "unexpected token: 'bogus'"],
    ["SELECT Id\nFROM Contact\nWHEREX = 'x'", "\nWHEREX = 'x'\n       ^\nERROR at Row:3:Column:8\nunexpected token: '='"],
    ['SELECT Id FROM Contact GROUP BY ROLLUP(Id)', 'does not implement GROUP BY ROLLUP'],
    ['SELECT TYPEOF What WHEN X THEN Y FROM Event', "unexpected token: 'FROM'"],
    ['SELECT TYPEOF What ELSE Name END FROM Event', "unexpected token: 'ELSE'"],
  ])('%j says why', (soql, message) => {
    expect(() => parseQuery(soql)).toThrow(message);
  });
});

describe('whatever is typed', () => {
  const WORDS =
    "SELECT FROM WHERE AND OR NOT IN LIKE ( ) , = != < 'a' '\\\\' \\' 1 null TODAY LAST_N_DAYS : Id Name Contact GROUP BY HAVING COUNT ORDER LIMIT FIELDS ALL . % \u0000 2026-01-01".split(
      ' ',
    );

  test('is a statement or a refusal with a code', () => {
    const texts = fc.oneof(
      fc.array(fc.constantFrom(...WORDS), { maxLength: 25 }).map((words) => words.join(' ')),
      fc.string(),
    );
    fc.assert(
      fc.property(texts, (soql) => {
        for (const text of [soql, `SELECT Id FROM Contact WHERE ${soql}`]) {
          try {
            parseQuery(text);
          } catch (error) {
            expect(error).toBeInstanceOf(SoqlError);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  test('nesting ends before the stack does', () => {
    expect(() => parseQuery(`SELECT Id FROM Contact WHERE ${'('.repeat(20_000)}Id = null`)).toThrow('nested too deeply');
    expect(() => parseQuery(`${'SELECT (SELECT Id, '.repeat(3000)}`)).toThrow(SoqlError);
  });
});
