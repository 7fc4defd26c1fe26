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
