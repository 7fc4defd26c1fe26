import { expect, test } from 'vitest';
import { Kernel } from '#kernel';
import { createCrm } from '../index.ts';
import { loadSchema } from '../schema.ts';
import { Store } from '../store.ts';
import { Binder } from './bind.ts';
import { parseCondition } from './parse.ts';
import { plan } from './plan.ts';

const kernel = new Kernel();
const crm = createCrm(kernel);
const { records } = await crm.commit({
  changes: [
    { op: 'create', type: 'Contact', fields: { LastName: 'a', EHR_Key__c: 'k1', MRN__c: 'm' } },
    { op: 'create', type: 'Contact', fields: { LastName: 'b', EHR_Key__c: 'k2', MRN__c: 'm' } },
    { op: 'create', type: 'Appointment__c', fields: { Contact__r: { EHR_Key__c: 'k1' } } },
  ],
});
const [a, b, visit] = records.map((record) => record.id);
const schema = loadSchema();
const tools = { store: new Store(kernel.database), schema, now: () => Date.parse('2026-03-02T12:00:00Z') };
const planned = (where: string, typeName = 'Contact') => {
  const type = schema.type(typeName)!;
  const found = plan(new Binder(schema, where).condition(type, parseCondition(where)), type, tools);
  return found && 'ids' in found ? [...found.ids.keys()] : found;
};

test.each([
  [`Id = '${a!.slice(0, 15)}'`, [a]],
  ["EHR_Key__c = 'K1'", [a]],
  ["MRN__c = 'm'", [a, b]],
  ["MRN__c = 'm' AND EHR_Key__c = 'k2' AND LastName != 'x'", [b]],
  ["EHR_Key__c IN ('k1', 'k2', 'none')", [a, b]],
  ["EHR_Key__c = 'k1' OR (EHR_Key__c = 'k2' AND LastName = 'b')", [a, b]],
  ["EHR_Key__c = 'k1' OR LastName = 'b'", undefined],
  ["EHR_Key__c != 'k1'", undefined],
  ['EHR_Key__c = null', undefined],
  ['SystemModstamp > 2026-01-01T00:00:00Z', { from: Date.parse('2026-01-01'), to: Number.MAX_SAFE_INTEGER }],
  [
    'SystemModstamp >= YESTERDAY AND SystemModstamp < TODAY',
    { from: Date.parse('2026-03-01') - 1, to: Date.parse('2026-03-02') },
  ],
])('%s', (where, expected) => {
  expect(planned(where)).toEqual(expected);
});

test.each([
  [`Contact__c = '${a}'`, [visit]],
  ["Contact__r.EHR_Key__c = 'k1'", [visit]],
  ["Contact__r.EHR_Key__c = 'k2'", []],
])('%s', (where, expected) => {
  expect(planned(where, 'Appointment__c')).toEqual(expected);
});

test('no way to rows sorts or walks a whole table', () => {
  const statements = [
    'SELECT * FROM crm_row WHERE type = ? AND n > ? ORDER BY n LIMIT ?',
    'SELECT * FROM crm_stamp CROSS JOIN crm_row USING (n, stamp) WHERE key = ? AND stamp > ? AND stamp < ? ORDER BY stamp DESC LIMIT ?',
    'SELECT * FROM crm_index JOIN crm_row USING (n) WHERE key = ? AND value = ? AND deleted = 0 ORDER BY n',
    'SELECT * FROM crm_row WHERE type = ? AND deleted = 0 AND n > ? ORDER BY n LIMIT ?',
    'SELECT count(*) FROM crm_row WHERE type = ? AND deleted = 1',
    'SELECT max(stamp) FROM crm_stamp WHERE key = ?',
  ];
  for (const statement of statements) {
    const values = Array.from(statement.matchAll(/\?/g), () => 1);
    const steps = kernel.database.sql.prepare(`EXPLAIN QUERY PLAN ${statement}`).all(...values);
    expect(steps.map((step) => step.detail).join('; ')).not.toMatch(/TEMP B-TREE|SCAN/);
  }
});
