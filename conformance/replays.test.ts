import { describe, expect, it, test } from 'vitest';
import { Random, systemClock } from '#simulators';
import { type CheckDefinition, fail, untestable } from './check.ts';
import { checkResult } from './judge.ts';
import { again, toReplay } from './replays.ts';
import type { Severity, Verdict } from './result.ts';
import { JournalBuilder } from './testing/journal-builder.ts';
import { evidenceOf, manifest, site } from './testing/setting.ts';
import { World, type WorldOptions } from './world/world.ts';

/** How one time of it ended. */
type Ending = 'passes' | 'untestable' | 'breaks' | 'is cut short' | `fails: ${string}`;

const CHECK = {
  ...{ id: 'ID-01', severity: 'B', group: 'identity', level: 1 },
  expect(facts) {
    const ending = facts.note<Ending>('ending')!;
    if (ending === 'breaks') throw new Error('boom');
    if (ending === 'untestable') return [untestable('not-reached', '')];
    return ending === 'passes' || ending === 'is cut short' ? [] : [fail(ending.slice('fails: '.length), 'It is wrong.')];
  },
} as CheckDefinition;

/** The result of a check that ended so, and whose replays ended so. */
function judged(first: Ending, ...replays: Ending[]) {
  const b = new JournalBuilder();
  const log = (cohort: string, data: Record<string, unknown>) => b.add({ sim: 'judge', kind: 'check', cohort, data });
  for (const [n, ending] of [first, ...replays].entries()) {
    const cohort = `${n === 0 ? CHECK.id : again(CHECK, n).id}/epic`;
    log(cohort, { type: 'begin', seed: '1' });
    log(cohort, { type: 'note', key: 'ending', value: ending });
    log(cohort, { type: 'end', ...(ending === 'is cut short' && { aborted: true }) });
  }
  return checkResult(CHECK, evidenceOf(b), manifest(), { seed: '1', runKey: 'k' });
}

describe('replays of a failure', () => {
  const all = (ending: Ending): Ending[] => Array(5).fill(ending);
  test.each<[string, Ending[], Verdict, string | undefined, string[]]>([
    ['none', ['fails: missing'], 'fail', undefined, []],
    ['all the same', ['fails: missing', ...all('fails: missing')], 'fail', '5/5', []],
    [
      'some pass: a failure all the same',
      ['fails: missing', 'passes', 'fails: missing', 'passes'],
      'fail',
      '1/3',
      ['pass', 'pass'],
    ],
    [
      'all pass: a failure all the same',
      ['fails: missing', ...all('passes')],
      'fail',
      '0/5',
      ['pass', 'pass', 'pass', 'pass', 'pass'],
    ],
    ['for another reason', ['fails: missing', 'fails: duplicate'], 'fail', '0/1', ['fail']],
    ['what had to be caused did not happen', ['fails: missing', 'untestable'], 'fail', '0/1', ['untestable']],
    ['one that was cut short says nothing', ['fails: missing', 'fails: missing', 'is cut short'], 'fail', '1/1', []],
    ['the harness breaks: void', ['fails: missing', 'fails: missing', 'breaks'], 'harness-error', '1/2', ['harness-error']],
    ['of a pass mean nothing', ['passes', 'fails: missing'], 'pass', undefined, []],
  ])('%s', (_, [first, ...others], verdict, count, otherwise) => {
    const result = judged(first!, ...others);
    const { times, of } = result.reproduced ?? {};
    expect([result.verdict, result.reproduced && `${times}/${of}`]).toEqual([verdict, count]);
    expect(result.reproduced?.otherwise.map((one) => one.verdict) ?? []).toEqual(otherwise);
  });

  it('are made of those that a reader is shown first', () => {
    const of = (verdict: Verdict, severity: Severity) => ({ verdict, severity });
    const results = [of('fail', 'm'), of('pass', 'B'), of('fail', 'M'), of('untestable', 'B'), of('fail', 'B'), of('fail', 'B')];
    expect(toReplay(results).map(({ severity }) => severity)).toEqual(['B', 'B', 'M']);
  });

  it('happen to people like those before, whom nobody takes for them', () => {
    const person = (n: number | undefined, name: string) => {
      const random = new Random('7');
      return new World({ site: site(), cohort: 'X/epic', random, clock: systemClock, again: n } as WorldOptions).person(name);
    };
    for (const name of ['patient', 'other', 'third']) {
      const [first, ...others] = [undefined, 1, 2, 3].map((n) => person(n, name));
      const { mrn, canary, telecom: _, addresses: __, timeZone: ___, names, ...same } = first!;
      for (const one of others) {
        expect(one).toMatchObject(same);
        expect(one.names.map(({ given }) => given)).toEqual(names.map(({ given }) => given));
      }
      const all = [first!, ...others];
      for (const own of [
        (one: typeof first) => one!.mrn,
        (one: typeof first) => one!.canary.name,
        (one: typeof first) => one!.telecom[0]!.value,
      ])
        expect(new Set(all.map(own)).size).toBe(all.length);
      expect([mrn, canary]).toEqual([person(undefined, name).mrn, person(undefined, name).canary]);
    }
  });
});
