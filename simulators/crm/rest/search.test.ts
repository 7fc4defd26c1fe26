import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CrmError } from '../errors.ts';
import { openCrm, type TestCrm } from '../testing.ts';
import { parseSosl } from './search.ts';
import { matcher, parseTerm } from './search-term.ts';

let crm: TestCrm;
beforeAll(async () => {
  crm = await openCrm();
  const make = (type: string, fields: object) => ({ op: 'create' as const, type, fields: fields as Record<string, unknown> });
  await crm.crm.commit({
    changes: [
      make('Contact', { FirstName: 'Joanne', LastName: 'Müller', Email: 'jo@mail.example', MobilePhone: '+12125550143' }),
      make('Contact', { FirstName: 'Joan', LastName: 'Smith-Jones', Email: 'smith@mail.example' }),
      make('Contact', { FirstName: 'Ann', LastName: 'Joan', MailingCity: 'Troy' }),
      make('Lead', { LastName: 'Smith', Company: 'Joan & Co' }),
    ],
  });
});
afterAll(() => crm.close());

const search = async (sosl: string, version = '60.0') =>
  crm.call('GET', `/services/data/v${version}/search/?q=${encodeURIComponent(sosl)}`);
const names = async (sosl: string): Promise<string[]> =>
  (await search(sosl)).body.searchRecords.map((one: { Name: string }) => one.Name);

test.each([
  ['FIND {joan} RETURNING Contact(Name ORDER BY Name)', ['Ann Joan', 'Joan Smith-Jones']],
  ['FIND {joan*} RETURNING Contact(Name ORDER BY Name)', ['Ann Joan', 'Joan Smith-Jones', 'Joanne Müller']],
  ['FIND {jo?n} IN NAME FIELDS RETURNING Lead(Name), Contact(Name ORDER BY Name LIMIT 1)', ['Ann Joan']],
  ['FIND {joan smith} RETURNING Contact(Name)', ['Joan Smith-Jones']],
  ['FIND {"smith-jones"} RETURNING Contact(Name)', ['Joan Smith-Jones']],
  ['FIND {smith} IN EMAIL FIELDS RETURNING Contact(Name)', ['Joan Smith-Jones']],
  ['FIND {(212) 555-0143} IN PHONE FIELDS RETURNING Contact(Name)', []],
  ['FIND {2125550143} IN PHONE FIELDS RETURNING Contact(Name)', ['Joanne Müller']],
  ["FIND {joan} RETURNING Contact(Name WHERE MailingCity = 'Troy' AND (Name != ')'))", ['Ann Joan']],
  ['FIND {joan} RETURNING Contact(Name ORDER BY Name LIMIT 5 OFFSET 1), Lead(Name)', ['Joan Smith-Jones', 'Smith']],
  ['FIND {joan} RETURNING Contact(Name ORDER BY Name), Lead(Name) LIMIT 1', ['Ann Joan']],
  ['FIND {müller} RETURNING Contact(Name)', ['Joanne Müller']],
  ['FIND {nobody} RETURNING Contact(Name)', []],
  ['FIND {troy OR müller} RETURNING Contact(Name ORDER BY Name)', ['Ann Joan', 'Joanne Müller']],
  ['FIND {joan AND NOT troy} RETURNING Contact(Name)', ['Joan Smith-Jones']],
  ['FIND {joan and not (troy or nobody)} RETURNING Contact(Name)', ['Joan Smith-Jones']],
  ['FIND {(troy OR smith) joan} RETURNING Contact(Name ORDER BY Name)', ['Ann Joan', 'Joan Smith-Jones']],
  // From right to left: what is not wanted is both.
  ['FIND {joan AND NOT troy AND smith} RETURNING Contact(Name ORDER BY Name)', ['Ann Joan', 'Joan Smith-Jones']],
  ['FIND {"or" OR "and" OR müller} RETURNING Contact(Name)', ['Joanne Müller']],
  ['FIND {joan\\*} RETURNING Contact(Name)', []],
  ['FIND {joan} RETURNING Contact(Name ORDER BY Name LIMIT 1) WITH SPELL_CORRECTION = false', ['Ann Joan']],
  ['FIND {joan} RETURNING Contact(Name ORDER BY Name) WITH SPELL_CORRECTION=true LIMIT 1', ['Ann Joan']],
])('%s', async (sosl, expected) => {
  expect(await names(sosl)).toEqual(expected);
});

describe('WITH HIGHLIGHT', () => {
  test.each<[string, object]>([
    ['joan', { 'highlight.Name': '<mark>Joan</mark> Smith-Jones', 'highlight.Email': undefined }],
    ['"smith-jones" OR lost', { 'highlight.Name': 'Joan <mark>Smith-Jones</mark>' }],
    [
      'smith AND NOT troy',
      { 'highlight.Name': 'Joan <mark>Smith</mark>-Jones', 'highlight.Email': '<mark>smith</mark>@mail.example' },
    ],
    ['smi*', { 'highlight.Name': undefined }],
    ['2125550143 OR smith', { 'highlight.MobilePhone': undefined }],
  ])('%s', async (term, expected) => {
    const { body } = await search(
      `FIND {${term}} RETURNING Contact(Name, Email, MobilePhone WHERE Email = 'smith@mail.example') WITH HIGHLIGHT`,
    );
    for (const [name, value] of Object.entries(expected)) expect(body.searchRecords[0][name]).toBe(value);
  });

  test('not of other objects', async () => {
    await crm.crm.commit({ changes: [{ op: 'create', type: 'Case', fields: { Subject: 'joan called' } }] });
    expect((await search('FIND {joan} RETURNING Case(Subject) WITH HIGHLIGHT LIMIT 1')).body.searchRecords[0]).toEqual({
      attributes: expect.anything(),
      Subject: 'joan called',
    });
  });
});

test('without RETURNING ids of all types; a bare list before 37.0', async () => {
  const { body } = await search('FIND {smith}');
  expect(body.searchRecords.map((one: object) => Object.keys(one))).toEqual([
    ['attributes', 'Id'],
    ['attributes', 'Id'],
  ]);
  expect(body.searchRecords.map((one: { attributes: { type: string } }) => one.attributes.type)).toEqual(['Contact', 'Lead']);
  expect((await search('FIND {smith}', '36.0')).body).toHaveLength(2);
});

test('what it shows is journalled as shown', async () => {
  await search('FIND {troy} RETURNING Contact(Id)');
  expect(crm.kernel.journal.read({ kind: 'reply' }).at(-1)?.served).toMatchObject([{ type: 'Contact', version: 1 }]);
});

test('by parameters, of a GET and a POST', async () => {
  const query = 'q=joan&sobject=Contact&Contact.fields=Name&Contact.limit=1&sobject=Lead&fields=Name&in=NAME';
  const { body } = await crm.call('GET', `parameterizedSearch?${query}`);
  expect(body.searchRecords).toHaveLength(1);
  const asked = {
    q: 'joan',
    fields: ['Name'],
    sobjects: [{ name: 'Contact', where: "MailingCity = 'Troy'" }, { name: 'Lead' }],
    overallLimit: 5,
  };
  const posted = await crm.call('POST', 'parameterizedSearch', asked);
  expect(posted.body.searchRecords.map((one: { Name: string }) => one.Name)).toEqual(['Ann Joan', 'Smith']);
});

describe('refusals', () => {
  test.each([
    ['', 400, 'MALFORMED_SEARCH', 'No search term found'],
    ['FIND joan', 400, 'MALFORMED_SEARCH', 'enclosed in braces'],
    ['FIND {j}', 400, 'MALFORMED_SEARCH', 'longer than one character'],
    ['FIND {joan} IN ODD FIELDS', 400, 'MALFORMED_SEARCH', 'unexpected token: ODD'],
    ['FIND {joan} RETURNING', 400, 'MALFORMED_SEARCH', 'unexpected token: RETURNING'],
    ['FIND {joan} RETURNING Contact(Name', 400, 'MALFORMED_SEARCH', 'right parentheses'],
    ['FIND {joan} LIMIT 3000', 400, 'MALFORMED_SEARCH', '2000'],
    ['FIND {joan} RETURNING Nope(Id)', 400, 'INVALID_TYPE', 'Nope'],
    ['FIND {joan} RETURNING Contact(Nope)', 400, 'INVALID_FIELD', 'Nope'],
    ['FIND {joan OR}', 400, 'MALFORMED_SEARCH', 'unexpected token: <EOF>'],
    ['FIND {OR joan}', 400, 'MALFORMED_SEARCH', 'unexpected token: OR'],
    ['FIND {joan)}', 400, 'MALFORMED_SEARCH', 'unexpected token: )'],
    ['FIND {(joan}', 400, 'MALFORMED_SEARCH', 'right parentheses'],
    ["FIND {joan} WITH DIVISION = 'Global'", 501, 'NOT_IMPLEMENTED', 'WITH DIVISION'],
    ['FIND {joan} WITH DATA CATEGORY a__c AT b__c', 501, 'NOT_IMPLEMENTED', 'WITH DATA CATEGORY'],
    ["FIND {joan} WITH METADATA = 'LABELS'", 501, 'NOT_IMPLEMENTED', 'WITH METADATA'],
    ['FIND {joan} WITH SNIPPET', 501, 'NOT_IMPLEMENTED', 'WITH SNIPPET'],
    ['FIND {joan} LIMIT 5 UPDATE TRACKING', 501, 'NOT_IMPLEMENTED', 'UPDATE TRACKING'],
    ['FIND {joan} RETURNING Contact(Id USING ListView = Recent)', 501, 'NOT_IMPLEMENTED', 'USING ListView'],
    ['FIND {joan} LIMIT 5 WITH HIGHLIGHT', 400, 'MALFORMED_SEARCH', 'WITH'],
  ])('%s', async (sosl, status, code, message) => {
    const answer = await search(sosl);
    expect([answer.status, answer.body[0]]).toEqual([
      status,
      expect.objectContaining({ errorCode: code, message: expect.stringContaining(message) }),
    ]);
  });

  test('whatever is sent is read or refused', () => {
    const piece = fc.constantFrom(
      'FIND',
      '{jo}',
      '{',
      '}',
      'IN',
      'ALL',
      'FIELDS',
      'RETURNING',
      'Contact',
      '(',
      ')',
      'Id',
      ',',
      'LIMIT',
      '5',
      "'",
      '\\',
      'WHERE',
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        try {
          parseSosl(pieces.join(' '));
        } catch (error) {
          expect(error).toBeInstanceOf(CrmError);
        }
      }),
    );
  });

  test.each([
    [`troy${' AND joan'.repeat(440)}`, true],
    [`troy${' AND joan'.repeat(450)}`, true],
    [`${'('.repeat(1990)}joan${')'.repeat(1990)}`, true],
    [`joan AND (${' nobody'.repeat(500)})`, false],
    [`joan AND (${' nobody'.repeat(600)})`, true],
    [`joan${' nobody'.repeat(2000)}`, false],
  ])('a term of many words: %.20s…', (term, met) => {
    expect(matcher(parseTerm(term))(['joan', 'troy'])).toBe(met);
  });

  test('any term is read or refused, and held against any text', () => {
    const piece = fc.oneof(
      fc.constantFrom('jo', '(', ')', '"', '\\', 'AND', 'OR', 'NOT', '*', '-', '['),
      fc.string({ maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(piece), fc.string(), (pieces, text) => {
        try {
          expect(typeof matcher(parseTerm(pieces.join(' ')))([text])).toBe('boolean');
        } catch (error) {
          expect(error).toBeInstanceOf(CrmError);
        }
      }),
    );
  });
});
