import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { patient } from '../testing/by-hand.ts';
import { AUTHORITY } from '../testing/journal-builder.ts';
import { MAP, site } from '../testing/setting.ts';
import { boundariesOf, boundaryCopies, withValues } from './boundaries.ts';
import { Oracle } from './oracle.ts';

const { identifier, ...rest } = patient('0000000000018', 'Begahutogamuw');
const ada = { ...rest, resourceType: 'Patient', id: 'p1', identifier };
const epic = site();
const all = boundariesOf(MAP, ada, epic);
const of = (field: string) => all.filter(({ row }) => row.field === field);

describe('the boundaries of the default map', () => {
  it.each([
    ['MailingCity', 'address.0.city', 4],
    ['LastName', 'name.0.family', 4],
    ['FirstName', 'name.0.given.0', 4],
    ['Sex__c', 'gender', 4],
    ['Birthdate', 'birthDate', 4],
    ['MobilePhone', 'telecom.0.value', 4],
    ['HomePhone', 'telecom.1.value', 4],
    ['Email', 'telecom.2.value', 2],
  ])('%s stands at %s', (field, place, count) => {
    expect(new Set(of(field).map((one) => one.place.join('.')))).toEqual(new Set([place]));
    expect(of(field)).toHaveLength(count);
  });

  it('a text is tried as long as its field is, and one longer', () => {
    expect(of('MailingCity').map(({ value }) => String(value).length)).toEqual([1, 12, 40, 41]);
  });

  it('a table is tried with each of its codes', () => {
    expect(of('Sex__c').map(({ value }) => value)).toEqual(['unknown', 'other', 'female', 'male']);
  });

  it.each(['EHR_Key__c', 'MRN__c', 'MRN_Authority__c', 'Preferred_Language__c', 'Last_Visit_Date__c', 'Active__c'])(
    '%s has none: identity, what the CRM owns, what is worked out of the chart, whether there is a row at all',
    (field) => expect(of(field)).toEqual([]),
  );

  it('few copies hold them all, and each is a patient with the same identity', () => {
    const copies = boundaryCopies(MAP, ada, epic);
    expect(copies).toHaveLength(4);
    for (const { place, value } of all)
      expect(copies.some((copy) => JSON.stringify(withValues(copy, [{ place, value }])) === JSON.stringify(copy))).toBe(true);
    for (const copy of copies) expect(copy.identifier).toEqual(ada.identifier);
  });

  it('the oracle has an answer for each of them', () => {
    const oracle = new Oracle(MAP, [epic]);
    const key = (image: object) => oracle.expect({ tenant: epic.name, type: 'Patient', versions: [{ act: 'add', image }] })[0]!;
    for (const copy of boundaryCopies(MAP, ada, epic)) {
      const { create, fields } = key(copy);
      expect(create).toBe(true);
      for (const { row } of all) expect([row.field, fields[row.field]?.unjudged]).toEqual([row.field, undefined]);
    }
  });
});

it('values are put where they belong, into a copy', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.constantFrom(...all), (value, { place }) => {
      const before = JSON.stringify(ada);
      const copy = withValues(ada, [{ place, value }]);
      expect(place.reduce<unknown>((tree, key) => (tree as Record<string | number, unknown>)[key], copy)).toBe(value);
      expect(JSON.stringify(ada)).toBe(before);
    }),
  );
});

it('a site is told apart by its authority alone', () =>
  expect(boundariesOf(MAP, ada, { ...epic, authority: `${AUTHORITY}.9` })).toEqual(all));
