import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Kernel } from '#kernel';
import { everything, FAULTS } from '#sandbox';
import { exampleOf, faultTable } from './fault-table.ts';
import { UP_SITES } from './up-sites.ts';

let kernel: Kernel;
beforeAll(() => {
  ({ kernel } = everything(UP_SITES));
});
afterAll(() => kernel.close());

/** Faults with a number among their parameters that is no strength: none of its values leaves everything as it is. */
const NO_STRENGTH: Readonly<Record<string, string>> = {
  'idle-reset': 'how soon the connection ends',
  throttle: 'what the refusal says',
  'html-page': 'the status of the page',
  replayed: 'when it comes again',
  gate: 'when a parked call goes on; 0 is never',
  'client-rotated': 'how long the old secret is still taken',
  'split-frame': 'where the frame is cut',
  'several-frames': 'how many are written together, two at least',
  'junk-between': 'how long an answer may take',
  'cut-off': 'where the connection ends',
  impatient: 'how long an answer is waited for',
  'extra-connections': 'how many, one at least',
  oversize: 'how much is added',
  'endless-frame': 'how much of it comes',
  'at-once': 'how many, two at least',
  'held-back': 'for how long, a moment at least',
  'clock-skew': 'by how much; 0 gives every message one time',
  'sequence-number': 'which number is written',
  'cut-short': 'where the message ends',
  truncated: 'how much of a field stays',
  'vendor-quota': "calls a second; 0 for the vendor's own number",
  'daily-limit': 'how many calls are left',
  'concurrent-limit': 'how many calls may run',
  'field-shorter': 'the new length',
  'api-retired': 'which versions go',
};

describe.each(FAULTS.map((fault) => [fault.name, fault] as const))('%s', (name, fault) => {
  test('has an example that can be armed', () => {
    const { id } = kernel.rules.arm(exampleOf(fault, kernel));
    expect(kernel.rules.heal(id)).toBe(1);
  });

  test('says when it has no strength, and has some by default', () => {
    const numbers = Object.values(fault.params).filter(({ type }) => type === 'number');
    if (numbers.length > 0)
      expect(fault.idle !== undefined, `${name} needs "idle", or a reason here why none of its numbers is a strength`).toBe(
        NO_STRENGTH[name] === undefined,
      );
    const usual = Object.entries(fault.params).map(([key, param]) => [key, param.example ?? param.default]);
    expect(fault.idle?.(Object.fromEntries(usual)) ?? false).toBe(false);
  });
});

test('no reason is stale', () => {
  const known = FAULTS.map(({ name }) => name);
  expect(Object.keys(NO_STRENGTH).filter((name) => !known.includes(name))).toEqual([]);
});

test('each fault has a name of its own, a colour, and a place where it can act', () => {
  const names = FAULTS.map(({ name }) => name);
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  expect(FAULTS.filter(({ colour }) => !/^#[0-9a-f]{6}$/.test(colour)).map(({ name }) => name)).toEqual([]);
  const nowhere = faultTable(kernel).rows.filter(({ against }) => ![...against.values()].includes(undefined));
  expect(nowhere.map(({ fault }) => fault.name)).toEqual([]);
});

test.each([
  ['lost-reply', 'CRM API', true],
  ['lost-reply', 'notifications', false],
  ['latency', 'epic API', true],
  ['storm', 'notifications', true],
  ['storm', 'CRM API', false],
  ['odd-charset', 'HL7 out', true],
  ['odd-charset', 'HL7 in', false],
  ['field-shorter', 'CRM API', true],
  ['element-renamed', 'athena API', true],
  ['element-renamed', 'CRM API', false],
])('%s at %s: %s', (name, kind, can) => {
  const row = faultTable(kernel).rows.find(({ fault }) => fault.name === name)!;
  expect(row.against.has(kind)).toBe(true);
  expect(row.against.get(kind) === undefined).toBe(can);
});
