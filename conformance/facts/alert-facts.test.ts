import { describe, expect, it } from 'vitest';
import { JournalBuilder } from '../testing/journal-builder.ts';
import { evidenceOf } from '../testing/setting.ts';
import { AlertFacts } from './alert-facts.ts';
import type { CheckLog } from './facts.ts';

/** What was heard between the two looks, after one line that is older. */
function heard(lines: string[] | undefined, counts: Record<string, unknown> = {}): AlertFacts {
  const evidence = evidenceOf(new JournalBuilder());
  if (lines) evidence.output = () => ['cannot start', ...lines];
  const notes = new Map<string, unknown>([
    ['lines from x', 1],
    ['lines to x', 1 + (lines?.length ?? 0)],
    ...Object.entries(counts),
  ]);
  return new AlertFacts(evidence, { notes, notedAt: new Map() } as unknown as CheckLog);
}
const reasons = (findings: { reason: string }[]): string[] => findings.map(({ reason }) => reason);

describe('who was told', () => {
  it.each([
    ['a line of it', ['poll fails: 403'], {}, []],
    ['a line of something else', ['poll works'], {}, ['not-reported']],
    ['nothing', [], {}, ['not-reported']],
    ['a count that rose', [], { 'failed from x': 1, 'failed to x': 2 }, []],
    ['a count that stayed', [], { 'failed from x': 2, 'failed to x': 2 }, ['not-reported']],
    ['a hook that failed', [], { 'failed from x': 'HTTP 500', 'failed to x': 2 }, ['not-reported']],
    ['no output that can be seen', undefined, {}, ['no-output']],
  ])('%s', (_, lines, counts, expected) => {
    expect(reasons(heard(lines, counts).raised('x', /403/, 'it is so'))).toEqual(expected);
  });
});

describe('three items can be counted by', () => {
  it.each([
    ['a line each', ['a not written', 'b not written', 'c refused'], {}, []],
    ['a number', ['2026-11-20T13:05:15.836Z writes wait: waiting=3'], {}, []],
    ['no number that is too small', ['writes wait: waiting=2'], {}, ['not-counted']],
    ['no time of day', ['2026-11-20T13:05:15.836Z a write failed at 13:05:15'], {}, ['not-counted']],
    ['no number of a line about nothing', ['listening, 8 lanes'], {}, ['not-counted']],
    ['a hook', [], { 'pending from x': 0, 'pending to x': 3 }, []],
    ['no hook that counts fewer', [], { 'pending from x': 0, 'pending to x': 2 }, ['not-counted']],
  ])('%s', (_, lines, counts, expected) => {
    expect(reasons(heard(lines, counts).counted('x', 3, 'Three wait'))).toEqual(expected);
  });
});

describe('who cries all the time tells nobody anything', () => {
  /** Two stretches of the same length: one in which nothing was wrong, and the one in question. */
  function cried(calm: string[], lines: string[], counts: Record<string, number> = {}): AlertFacts {
    const evidence = evidenceOf(new JournalBuilder());
    evidence.output = () => [...calm, ...lines];
    const all = calm.length + lines.length;
    const marks = { 'lines from calm': 0, 'lines to calm': calm.length, 'lines from x': calm.length, 'lines to x': all };
    const times = [0, 1_000, 1_000, 3_000].map((at, i) => [Object.keys(marks)[i]!, at] as const);
    const notes = new Map<string, unknown>(Object.entries({ ...marks, ...counts }));
    return new AlertFacts(evidence, { notes, notedAt: new Map(times) } as unknown as CheckLog);
  }
  const hook = (calm: number, from: number, to: number) => ({
    'pending from calm': 0,
    'pending to calm': calm,
    'pending from x': from,
    'pending to x': to,
  });
  const CRY = '2026-11-20T13:05:15Z error: 5 items failed';

  it.each<[string, AlertFacts, string[]]>([
    ['a hook that counts up with each call', cried([], [], hook(3, 3, 6)), ['not-counted']],
    ['a hook that counts the seconds', cried([], [], hook(3, 3, 9)), ['not-counted']],
    ['a hook that rose by more than that', cried([], [], hook(1, 1, 6)), []],
    ['a hook that was calm', cried([], [], hook(0, 0, 3)), []],
    ['a hook that went down', cried([], [], hook(-4, 0, 3)), []],
    ['a line that always comes', cried([CRY], [CRY.replace('15Z', '16Z'), CRY]), ['not-counted']],
    ['a line with another number than before', cried([CRY.replace('5 items', '0 items')], [CRY]), []],
  ])('%s', (_, alerts, expected) => {
    expect(reasons(alerts.counted('x', 3, 'Three wait'))).toEqual(expected);
  });
});
