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
