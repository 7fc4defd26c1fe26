import { expect, test } from 'vitest';
import type { EventDraft, JournalEvent } from '#kernel';
import { clientViolations, defects, foldOf, journalHoles } from './invariants.ts';
import { marks, type Seen } from './log.ts';

/** A journal of these events, numbered from 1. */
const journal = (...drafts: Partial<EventDraft>[]): JournalEvent[] =>
  drafts.map((draft, at) => ({ ...draft, seq: at + 1 }) as JournalEvent);

const person = (given: string, family = given): object => ({
  name: [{ given: [marks.given(given)], family: marks.family(family) }],
});
const write = (version: number, before: object | null, after: object, actor = 'somebody'): Partial<EventDraft> => ({
  ...{ sim: 'ehr', kind: 'commit', actor, before: [before], after: [after] },
  records: [{ sim: 'ehr', tenant: 'north', type: 'Patient', id: '1', version }],
});
const asked = (agent: string): Partial<EventDraft> => ({ sim: 'ehr', kind: 'request', data: { agent } });
const hit = (fault: string, cause: number): Partial<EventDraft> => ({ sim: 'ehr', kind: 'fault', cause, data: { fault } });

test.each([
  ['a whole one', journal(asked('a'), { ...write(1, null, person('a')), cause: 1 }), []],
  ['a hole', [journal(asked('a'))[0]!, { ...journal(asked('b'))[0]!, seq: 3 }], ['event 2 has the number 3']],
  ['an effect before its cause', journal({ ...asked('a'), cause: 1 }), ['1 has 1 as its cause']],
])('the journal: %s', (_, events, said) => {
  expect(journalHoles(events).map(({ what }) => what)).toEqual(said);
});

test.each([
  ['two writes', [write(1, null, person('a')), write(2, person('a'), person('b'))], []],
  [
    'a version that is left out',
    [write(1, null, person('a')), write(3, person('a'), person('b'))],
    ['commit 2: ehr/north/Patient/1 goes from 1 to 3'],
  ],
  [
    'a write over one that it did not see',
    [write(1, null, person('a')), write(2, person('x'), person('b'))],
    ['commit 2: ehr/north/Patient/1 does not begin as version 1 ended'],
  ],
  ['half of one write and half of another', [write(1, null, person('a', 'b'))], ['commit 1: ehr/north/Patient/1 holds a and b']],
])('versions: %s', (_, drafts, said) => {
  expect(foldOf(journal(...drafts)).violations.map(({ what }) => what)).toEqual(said);
});

const KEPT = [asked('w'), write(1, null, person('a'))];
const wrote: Seen = { agent: 'w', kind: 'write', mark: 'a', ok: true };
const read = (...fields: string[]): Seen => ({ agent: 'r', kind: 'read', ok: true, shown: [fields] });

test.each<[string, Partial<EventDraft>[], Seen, string[]]>([
  ['a write that was kept', KEPT, wrote, []],
  ['one that was not', [asked('w')], wrote, ['w (1): a was acknowledged and never committed']],
  ['one that was refused', [asked('w')], { ...wrote, ok: false }, []],
  ["one whose answer was another one's", [asked('w'), hit('wrong-reply', 1)], wrote, []],
  ['one that was only slow', [asked('w'), hit('latency', 1)], wrote, ['w (1): a was acknowledged and never committed']],
  ['a call that nobody knows of', [], wrote, ['w was answered, and the journal knows no such call']],
  ['what was written is read', [...KEPT, asked('r')], read('a', 'a'), []],
  ['what was never written is read', [...KEPT, asked('r')], read('a', 'x'), ['r (3) was shown x, which was never committed']],
  ['two halves are read', [...KEPT, write(2, person('a'), person('b')), asked('r')], read('a', 'b'), ['r (4) was shown a and b']],
])('clients: %s', (_, drafts, seen, said) => {
  const families: Record<string, string> = { 'wrong-reply': 'in-doubt', latency: 'time' };
  expect(clientViolations(journal(...drafts), [seen], (fault) => families[fault]).map(({ what }) => what)).toEqual(said);
});

test('a defect is told of, the end of a process is none', () => {
  const events = journal({ sim: 'kernel', kind: 'stop' }, { sim: 'ehr', kind: 'stop', data: { defect: 'boom' } });
  expect(defects(events)).toEqual([{ invariant: 'defect', what: 'boom' }]);
});
