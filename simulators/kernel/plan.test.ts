import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ManualClock } from './clock.ts';
import { Kernel } from './kernel.ts';
import { RuleError } from './rule.ts';

const kernelWith = (...places: { sim: string; tenant: string }[]): Kernel => {
  const kernel = new Kernel({ clock: new ManualClock() });
  for (const place of places)
    kernel.places.add({ ...place, name: 'calls', hooks: ['request', 'reply'], operations: () => ['read', 'write'] });
  return kernel;
};

const LAMPS = { sim: 'lamps', tenant: 'hall' };
const plan = (...rules: string[]): string =>
  `name: dusk\ndoc: It gets dark.\nrules:\n${rules.map((rule) => `  - ${rule}\n`).join('')}`;
const GOOD =
  '{ id: slow, fault: latency, where: { sim: lamps, operation: read }, params: { ms: 5 }, when: { every: 2 }, times: 3 }';

test.each([
  ['YAML', plan(GOOD)],
  ['JSON', JSON.stringify({ name: 'dusk', rules: [{ id: 'slow', fault: 'latency', params: { ms: 5 } }] }, null, 2)],
])('%s is armed as one, and healed by its name', (_form, text) => {
  const kernel = kernelWith(LAMPS);
  kernel.rules.arm({ fault: 'reset' });
  kernel.rules.armPlan(text, 'dusk.yaml');
  expect(kernel.rules.list().at(-1)).toMatchObject({ id: 'dusk/slow', plan: 'dusk', fault: 'latency', params: { ms: 5 } });
  expect(() => kernel.rules.armPlan(text, 'dusk.yaml')).toThrow(/the plan "dusk" is armed already: heal it first/);
  expect(kernel.rules.heal({ plan: 'dusk' })).toBe(1);
  expect(kernel.rules.list().map(({ fault }) => fault)).toEqual(['reset']);
});

test.each([
  [
    plan('{ falt: latency }'),
    'x.yaml:4:5: rules.0: "fault" is missing',
    'x.yaml:4:7: rules.0.falt: unknown key "falt"; did you mean "fault"?',
  ],
  [plan('{ fault: latncy }'), 'x.yaml:4:7: rules.0.fault: no fault is called "latncy"; did you mean "latency"?'],
  [plan(GOOD, '{ fault: latency, params: { sm: 5 } }'), 'x.yaml:5:33: rules.1.params.sm: unknown key "sm"; did you mean "ms"?'],
  [
    plan('{ fault: latency, where: { simulator: lamps } }'),
    'rules.0.where.simulator: unknown key "simulator"; did you mean "sim"?',
  ],
  [
    plan('{ fault: latency, where: { sim: lmaps } }'),
    'rules.0.where.sim: no part of this process is lmaps/*; did you mean "lamps"',
  ],
  [
    plan('{ fault: latency, where: { operation: raed } }'),
    'x.yaml:4:32: rules.0.where.operation: nothing there',
    'did you mean "read"',
  ],
  [
    plan('{ fault: latncy }', GOOD, '{ fault: latency, where: { operation: raed } }'),
    'x.yaml:4:7: rules.0.fault: no fault is called "latncy"',
    'x.yaml:6:32: rules.2.where.operation: nothing there',
  ],
  [plan('{ fault: drop }'), 'rules.0.where: drop cannot act there: no part of this process can suffer it'],
  [plan('{ fault: latency, when: { nth: first } }'), 'rules.0.when.nth: must be a whole number, not "first"'],
  [plan('{ fault: latency, times: -1 }'), 'rules.0.times: must be at least 0, not -1'],
  [plan('{ id: a, fault: reset }', '{ id: a, fault: reset }'), 'x.yaml:5:7: rules.1.id: a rule with the id "a" is armed already'],
  [
    'name: Dusk\nrules: []\n',
    'x.yaml:1:1: name: must be a name in small letters, digits and hyphens, not "Dusk"',
    'x.yaml:2:1: rules: needs at least 1 entry',
  ],
  ['name: dusk\n', 'x.yaml:1:1: "rules" is missing'],
  ['name: [\n', 'x.yaml:2:1: '],
  ['{"name": "dusk", "rules": [{"fault": "reset"}', 'x.yaml:1:'],
  ['', 'x.yaml:1:1: must be a list of names and values, not null'],
])('a mistake refuses the whole: %#', (text, ...says) => {
  const kernel = kernelWith(LAMPS);
  for (const message of says) expect(() => kernel.rules.armPlan(text, 'x.yaml')).toThrow(message);
  expect(() => kernel.rules.armPlan(text, 'x.yaml')).toThrow(RuleError);
  expect(kernel.rules.list()).toEqual([]);
  expect(kernel.journal.read({ kind: 'rule' })).toEqual([]);
});

test('whatever comes from outside is a plan or a mistake, never a crash', () => {
  const kernel = kernelWith(LAMPS);
  const words = fc.constantFrom(
    'name',
    'rules',
    'fault',
    'latency',
    'dusk',
    ': ',
    '- ',
    '\n',
    '{',
    '}',
    '[',
    ']',
    '&a ',
    '*a ',
    '"',
    '5',
    ',',
    '|',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(words).map((some) => some.join('')),
        fc.json(),
      ),
      (text) => {
        try {
          kernel.rules.armPlan(text, 'x.yaml');
        } catch (error) {
          expect(error).toBeInstanceOf(RuleError);
          expect((error as Error).message).toMatch(/^x\.yaml:\d+:\d+: ./);
        }
      },
    ),
  );
});

describe('in one process of several', () => {
  const text = plan('{ fault: reset, where: { sim: lamps } }', '{ fault: reset, where: { sim: doors } }');

  test('what another one suffers is left out and told', () => {
    const { armed, elsewhere } = kernelWith(LAMPS).rules.armPlan(text, 'x.yaml', true);
    expect(armed).toMatchObject([{ where: { sim: 'lamps' } }]);
    expect(elsewhere).toMatchObject([
      { index: 1, error: 'where.sim: no part of this process is doors/*; there are: lamps/hall' },
    ]);
  });

  test('a mistake refuses it there, too', () => {
    const kernel = kernelWith(LAMPS);
    expect(() => kernel.rules.armPlan(`${text}  - { fault: rest }\n`, 'x.yaml', true)).toThrow('did you mean "reset"');
    expect(kernel.rules.list()).toEqual([]);
  });
});
