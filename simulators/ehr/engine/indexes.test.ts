import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Database } from '#kernel';
import { Store } from './store.ts';

const NOW = '2026-03-02T12:00:00.000Z';
const SYSTEM = 'urn:oid:1.2.3';
const patient = (values: readonly string[]) => ({
  resourceType: 'Patient',
  identifier: values.map((value) => ({ system: SYSTEM, value })),
});

// Rows are written many with one statement; there is one for each number of them up to a limit.
it.each([1, 2, 23, 24, 25, 48, 49, 200])(
  'finds a resource by each of %d values of a parameter, and by none that it has lost',
  (count) => {
    const database = new Database();
    const store = new Store(database, 'a', 'UTC');
    const values = Array.from({ length: count }, (_, n) => `value-${n}`);
    const found = (value: string) =>
      store.search({
        type: 'Patient',
        criteria: [
          { kind: 'token', parameter: { index: 'identifier', table: 'token' }, any: [{ system: SYSTEM, value }] } as never,
        ],
      }).length;
    const write = (held: readonly string[]) => database.transaction(() => store.write('Patient', 'p', patient(held), NOW));
    write(values);
    expect(values.filter((value) => found(value) !== 1)).toEqual([]);
    write(values.slice(1));
    expect(values.map(found)).toEqual(values.map((_, n) => (n === 0 ? 0 : 1)));
    database.close();
  },
);

const anyPatient = fc.record({
  identifier: fc.array(fc.record({ system: fc.constantFrom(SYSTEM, 'urn:oid:4.5'), value: fc.constantFrom('1', '2', '3') })),
  name: fc.array(fc.record({ family: fc.constantFrom('Meier', 'MEIER', 'Öz'), given: fc.array(fc.constantFrom('Ann', 'Bo')) })),
  telecom: fc.array(fc.record({ system: fc.constantFrom('phone', 'email'), value: fc.constantFrom('1', '2') })),
  birthDate: fc.option(fc.constantFrom('1980', '1980-02', '1980-02-03'), { nil: undefined }),
  generalPractitioner: fc.array(fc.record({ reference: fc.constantFrom('Practitioner/1', 'Practitioner/2', 'Organization/1') })),
});

// What stands in the tables of search values, whatever came before.
function indexed(images: readonly (object | null)[]): unknown {
  const database = new Database();
  const store = new Store(database, 'a', 'UTC');
  for (const image of images)
    database.transaction(() => store.write('Patient', 'p', image && { resourceType: 'Patient', ...image }, NOW));
  const tables = database.sql
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'ehr\\_%' ESCAPE '\\'")
    .all();
  const numbers = new Map(
    database.sql
      .prepare('SELECT number, text FROM ehr_system')
      .all()
      .map((row) => [row.number, row.text]),
  );
  const rows = tables
    .map(({ name }) => String(name))
    .filter((name) => !['ehr_resource', 'ehr_history', 'ehr_system', 'ehr_key'].includes(name))
    .map((name) => [
      name,
      database.sql
        .prepare(`SELECT * FROM ${name}`)
        .all()
        .map((row) => JSON.stringify({ ...row, ...('system' in row && { system: numbers.get(row.system) ?? row.system }) }))
        .sort(),
    ]);
  database.close();
  return Object.fromEntries(rows);
}

it('knows of a resource that changed what it would know had it always been so', () => {
  fc.assert(
    fc.property(fc.array(fc.option(anyPatient), { minLength: 1, maxLength: 4 }), anyPatient, (before, last) => {
      expect(indexed([...before, last])).toEqual(indexed([last]));
    }),
    { numRuns: 60 },
  );
});
