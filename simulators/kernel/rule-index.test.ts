import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Exchange, Hook } from './hooks.ts';
import type { ArmedRule, RuleWhere } from './rule.ts';
import { RuleIndex } from './rule-index.ts';
import { matches, type People } from './where.ts';

const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 1 });
const word = fc.constantFrom('a', 'b', 'ab', 'lamp', 'Lamp/1', 'county|17', '17', 'abcde', 'bcde');
const where: fc.Arbitrary<RuleWhere> = fc
  .record({
    sim: some(fc.constantFrom('lamps', 'doors')),
    site: some(fc.constantFrom('hall', 'attic')),
    operation: some(fc.constantFrom('read', 'write', 'read|write')),
    type: some(fc.constantFrom('Lamp', 'Door', 'Lamp|Door')),
    method: some(fc.constantFrom('GET', 'PUT')),
    client: some(fc.constantFrom('x', 'y')),
    text: some(fc.oneof(word, fc.array(word, { minLength: 1, maxLength: 3 }))),
    record: some(fc.constantFrom('Lamp/1', 'Lamp/2')),
    person: some(fc.constantFrom('17', 'county|17', 'town|17', '4')),
  })
  .map((keys) => JSON.parse(JSON.stringify(keys)) as RuleWhere);
const ref = fc.record({
  sim: fc.constant('lamps'),
  tenant: fc.constant('hall'),
  type: fc.constant('Lamp'),
  id: fc.constantFrom('1', '2', '3'),
  version: fc.constant(1),
});
const exchange = fc.record({
  sim: fc.constantFrom('lamps', 'doors'),
  tenant: fc.constantFrom('hall', 'attic'),
  operation: fc.constantFrom('read', 'write', 'other'),
  type: some(fc.constantFrom('Lamp', 'Door')),
  method: some(fc.constantFrom('GET', 'PUT')),
  client: some(fc.constantFrom('x', 'y', 'z')),
  text: fc.array(word, { maxLength: 4 }).map((words) => words.join(' ')),
  records: fc.array(ref, { maxLength: 2 }),
}) as unknown as fc.Arbitrary<Exchange>;
const people: fc.Arbitrary<People> = fc.array(
  fc.constantFrom(['17', 'county', 'county|17'], ['17', 'town', 'town|17'], ['4']).map((words) => new Set(words)),
  { maxLength: 2 },
);

test('finds what asking every rule would find, in the order of arming, whatever was armed and healed', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(where, fc.constantFrom<Hook>('request', 'reply'), fc.boolean()), { maxLength: 12 }),
      fc.array(exchange, { minLength: 1, maxLength: 3 }),
      people,
      (wheres, exchanges, who) => {
        const index = new RuleIndex(() => who);
        const rules = wheres.map(([each, hook, healed], n) => ({
          rule: { id: String(n), where: each } as ArmedRule,
          hook,
          healed,
        }));
        for (const { rule, hook } of rules) index.add(rule, [hook]);
        for (const { rule, healed } of rules) if (healed) index.remove(rule);
        for (const each of exchanges)
          for (const hook of ['request', 'reply'] as const) {
            const asked = rules.filter(
              (one) => !one.healed && one.hook === hook && matches(one.rule.where ?? {}, each, () => who),
            );
            expect((index.at(hook, each) ?? []).map(({ id }) => id)).toEqual(asked.map(({ rule }) => rule.id));
          }
      },
    ),
    { numRuns: 500 },
  );
});

test('what an exchange comes to touch, and who it turns out to be from, count from then on', () => {
  const index = new RuleIndex(() => []);
  index.add({ id: 'record', where: { record: 'Lamp/1' } } as ArmedRule, ['reply']);
  index.add({ id: 'client', where: { client: 'x' } } as ArmedRule, ['reply']);
  const one = { sim: 'lamps', tenant: 'hall', operation: 'read', text: '', records: [] as object[] } as unknown as Exchange;
  const found = () => (index.at('reply', one) ?? []).map(({ id }) => id);
  expect(found()).toEqual([]);
  one.records.push({ sim: 'lamps', tenant: 'hall', type: 'Lamp', id: '1', version: 1 });
  expect(found()).toEqual(['record']);
  one.client = 'x';
  expect(found()).toEqual(['record', 'client']);
});
