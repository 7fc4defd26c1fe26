import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CheckResult } from '#conformance';
import { changeOf, deeds, excerpt } from './excerpt.ts';
import { JournalIndex, type Step } from './model.ts';
import { Scribe, sampleEvents, sampleResult } from './sample.ts';

const step = (text: string, more: Partial<Step> = {}): Step => ({
  ...{ form: 'mark', events: [text], at: 0, lane: 'harness', text, detail: '', tone: 'plain' },
  ...more,
});
const plain = (n: number, from = 0): Step[] => Array.from({ length: n }, (_, i) => step(String(from + i)));

describe('an excerpt', () => {
  const evidence = step('evidence', { role: 'evidence', form: 'note' });
  const violation = step('violation', { role: 'violation' });
  const done = step('done', { form: 'note', detail: 'by user:clerk' });

  it.each<[string, Step[], string[]]>([
    ['a short story is there in full', [done, violation], ['done', 'violation']],
    [
      'what led to the violation, and what came of it',
      [...plain(9), violation, ...plain(9, 20)],
      ['6', '7', '8', 'violation', '20', '21'],
    ],
    ['the evidence, however far', [evidence, ...plain(50), violation], ['evidence', '⋮47', '48', '49', 'violation']],
    ['the last thing that was done', [done, ...plain(50), violation], ['done', '0', '⋮47', '48', '49', 'violation']],
    ['nothing violated: the end', plain(20), ['16', '17', '18', '19']],
  ])('%s', (_, steps, expected) => {
    const rows = excerpt(steps, 8).map(({ text, gap }) => `${gap ? '⋮' : ''}${text}`);
    expect(rows).toEqual(expected);
  });

  it('is in order, holds the violation, and is never longer than asked', () => {
    const any = fc.array(
      fc.record({
        role: fc.constantFrom(undefined, 'evidence' as const),
        form: fc.constantFrom('mark' as const, 'note' as const),
      }),
      { minLength: 1, maxLength: 40 },
    );
    fc.assert(
      fc.property(any, fc.nat(), fc.integer({ min: 1, max: 10 }), (list, at, most) => {
        const steps = list.map((more, i) => step(String(i), { ...more, at: i }));
        steps[at % steps.length]!.role = 'violation';
        const rows = excerpt(steps, most);
        expect(rows.length).toBeLessThanOrEqual(most);
        expect(rows.some(({ role }) => role === 'violation')).toBe(true);
        expect(rows.map((row) => row.at)).toEqual(rows.map((row) => row.at).toSorted((a, b) => a - b));
        for (const [i, row] of rows.entries()) expect(row.gap).toBe(i > 0 && row.at - rows[i - 1]!.at > 1);
      }),
    );
  });
});

describe('what was done', () => {
  const index = new JournalIndex(sampleEvents);
  const byId = (id: string) => sampleResult.checks.find((check) => check.id === id)!;

  it.each<[string, string | undefined]>([
    ['DM-02', 'update Patient (telecom)'],
    ['IP-04', 'register Patient, then fault lost-reply'],
    ['ID-01', undefined],
  ])('%s', (id, expected) => expect(deeds(byId(id), index)).toBe(expected));

  it('names repetition once, edits in the CRM as such, a kill, and no more than eight', () => {
    const scribe = new Scribe();
    const commit = (sim: string, act: string, type: string, actor = 'user:clerk') =>
      scribe.add(0, sim, 'commit', {
        act,
        actor,
        records: [{ sim, tenant: 'epic', type, id: '1', version: 1 }],
        before: [null],
        after: [{}],
      });
    for (let i = 0; i < 3; i++) commit('ehr', 'register', 'Patient');
    commit('crm', 'update', 'Contact');
    commit('crm', 'update', 'Contact', 'client:sync');
    scribe.add(0, 'judge', 'check', { data: { type: 'killed' } });
    for (let i = 0; i < 12; i++) commit('ehr', i % 2 ? 'cancel' : 'book', 'Appointment');
    const timeline = scribe.events.map(({ seq }) => `sandbox:${seq}`);
    expect(deeds({ timeline } as CheckResult, new JournalIndex(scribe.events))).toBe(
      `register Patient (3 times), then update Contact in the CRM, then kill the sync, then ${'book Appointment, then cancel Appointment, then '.repeat(2)}book Appointment, then 7 more`,
    );
  });
});

it.each<[string | undefined, string | undefined]>([
  ['fields.csv:11 Contact.Email', 'Email: a@b.example → nothing'],
  ['fields.csv:12 Contact.Phone', undefined],
  [undefined, undefined],
])('of all that a row changed, what a finding about %s asks for', (row, expected) => {
  const detail = 'by client:sync\nContact/1 v2\nName: A → B\nEmail: a@b.example → nothing';
  expect(changeOf({ verdict: 'fail', reason: '', message: '', evidence: [], row }, step('x', { detail }))).toBe(expected);
});
