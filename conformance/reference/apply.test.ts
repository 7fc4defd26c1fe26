import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { applyFacts } from './apply.ts';
import { NO_AUDIT } from './audit.ts';
import type { Change, Fields } from './model.ts';
import { referenceSteps as steps } from './steps.ts';
import { openStore, type Store } from './store.ts';

let store: Store;
beforeEach(() => {
  store = openStore(':memory:');
});

const contact = (key: string, at: number, fields: Fields): Change => ({
  object: 'Contact',
  key,
  person: key,
  stamp: { at, seq: `m${at}` },
  fields,
  seed: {},
});
const visit = (at: number, fields: Fields, person = 'p1'): Change => ({
  ...contact('v1', at, fields),
  object: 'Appointment__c',
  person,
});
const apply = (...facts: Parameters<typeof applyFacts>[2]) =>
  applyFacts({ store, steps, setAside: store.setAside, audit: NO_AUDIT }, 'north', facts);
const desired = (object: 'Contact' | 'Appointment__c', key: string): Fields =>
  Object.fromEntries(
    Object.entries(store.link(object, key)?.desired ?? {}).flatMap(([name, { value }]) =>
      name.startsWith('EHR_') ? [] : [[name, value]],
    ),
  );

describe('where a record is from', () => {
  const iso = (ms: number): string => new Date(ms).toISOString();
  it.each<[string, Partial<Change>, string, string]>([
    ['a read', {}, iso(9_000), iso(9_000)],
    ['a read that says how old it was', { updatedAt: 4_500 }, iso(9_000), iso(4_000)],
    ['a message that was some time on its way', { fetchedAt: 12_000 }, iso(12_000), iso(9_000)],
  ])('is told by %s', (_, more, readAt, updatedAt) => {
    const fields = steps.provenance({ ...contact('p1', 9_000, {}), ...more }, 'north', {});
    expect(fields).toEqual({ EHR_Source__c: 'north', EHR_Read_At__c: readAt, EHR_Updated_At__c: updatedAt });
  });

  it('goes with what changed, grows no older, and says nothing of the chart', () => {
    const told = () => store.link('Contact', 'p9')?.desired.EHR_Updated_At__c?.value;
    apply(contact('p9', 9_000, { LastName: 'Lee' }));
    apply(contact('p9', 20_000, { LastName: 'Lee' }));
    expect(told()).toBe(iso(9_000));
    apply({ ...contact('p9', 5_000, { FirstName: 'Ann' }) });
    expect(told()).toBe(iso(9_000));
    apply({ ...contact('p9', 30_000, { Diabetes__c: true }), isSummary: true });
    expect(told()).toBe(iso(9_000));
    apply(contact('p9', 35_000, { MobilePhone: null }));
    expect(told()).toBe(iso(9_000));
    apply(contact('p9', 40_000, { LastName: 'Li' }));
    expect(told()).toBe(iso(40_000));
  });
});

describe('which statement counts', () => {
  it.each([
    ['a later one', [5, '1'], [4, '9'], true],
    ['an earlier one', [4, '9'], [5, '1'], false],
    ['the same one', [5, '1'], [5, '1'], false],
    ['a higher control id of the same time', [5, '10'], [5, '9'], true],
    ['a poll of the same time', [5, ''], [5, '1'], false],
    ['a message of the time of a poll', [5, '1'], [5, ''], true],
  ] as const)('%s', (_, [at, seq], [thanAt, thanSeq], counts) =>
    expect(steps.isNewer({ at, seq }, { at: thanAt, seq: thanSeq })).toBe(counts),
  );
});

describe('applying', () => {
  it('lets a cancellation stand that overtook its booking, and takes the rest from the booking', () => {
    apply(
      contact('p1', 1, { LastName: 'Lee' }),
      visit(3, { Status__c: 'Cancelled' }),
      visit(2, { Status__c: 'Booked', Type__c: 'Visit' }),
    );
    expect(desired('Appointment__c', 'v1')).toEqual({ Contact__c: 'p1', Status__c: 'Cancelled', Type__c: 'Visit' });
  });

  it('keeps what a partial statement does not mention', () => {
    apply(contact('p1', 1, { LastName: 'Lee', Email: 'a@b.example' }), contact('p1', 2, { LastName: 'Ray' }));
    expect(desired('Contact', 'p1')).toMatchObject({ LastName: 'Ray', Email: 'a@b.example', Active__c: true, Sex__c: 'Unknown' });
  });

  it('has nothing to write when nothing changed', () => {
    expect(apply(contact('p1', 1, { LastName: 'Lee' }))).toEqual(['p1']);
    store.markSaved(store.link('Contact', 'p1')!, 0);
    expect(apply(contact('p1', 2, { LastName: 'Lee' }))).toEqual([]);
    expect(store.unsavedPersons()).toEqual([]);
  });

  it('merges: appointments move, the loser retires and stays retired, late messages of it too', () => {
    apply(contact('p1', 1, { LastName: 'Lee' }), contact('p2', 1, { LastName: 'Li' }), visit(2, { Status__c: 'Booked' }, 'p2'));
    expect(apply({ loser: 'p2', survivor: 'p1', stamp: { at: 5, seq: 'm5' } })).toEqual(['p2', 'p1']);
    expect(desired('Appointment__c', 'v1')).toMatchObject({ Contact__c: 'p1' });
    apply(contact('p2', 3, { LastName: 'Late' }), contact('p2', 9, { Active__c: true }), {
      ...visit(4, { Status__c: 'Cancelled' }, 'p2'),
    });
    expect(desired('Contact', 'p2')).toMatchObject({ LastName: 'Late', Active__c: false });
    expect(desired('Appointment__c', 'v1')).toMatchObject({ Contact__c: 'p1', Status__c: 'Cancelled' });
    expect(store.countFailed()).toBe(1);
  });

  it('a merge that is told to the second is final for what was read later in that second', () => {
    apply(contact('p1', 1_200, { LastName: 'Lee', Active__c: true }), visit(1_300, { Status__c: 'Booked' }));
    apply({ loser: 'p1', survivor: 'p2', stamp: { at: 1_000, seq: 'm1' } });
    expect(desired('Contact', 'p1')).toMatchObject({ Active__c: false });
    expect(desired('Appointment__c', 'v1')).toMatchObject({ Contact__c: 'p2' });
    apply(visit(1_250, { Status__c: 'Booked' }));
    expect(desired('Appointment__c', 'v1')).toMatchObject({ Contact__c: 'p2' });
  });

  it('remembers a merge of charts that it never saw', () => {
    apply(
      contact('p1', 1, { LastName: 'Lee' }),
      { loser: 'p2', survivor: 'p1', stamp: { at: 5, seq: 'm5' } },
      contact('p2', 2, { LastName: 'Li' }),
    );
    expect(desired('Contact', 'p2')).toEqual({ LastName: 'Li', Active__c: false });
  });
});

describe('after a restart', () => {
  it('everything that was acknowledged, desired or queued is still there', () => {
    const folder = join(mkdtempSync(join(tmpdir(), 'sync-')), 'data');
    store = openStore(folder);
    for (const control of ['1', '1', '2']) store.keepMessage('north', 'EPIC^N', control, `text ${control}`);
    const [first] = store.waitingMessages('north');
    store.closeMessage(first!.id, 'applied');
    apply(contact('p1', 1, { LastName: 'Lee' }));
    store.queueMessage('north', { text: 'A31', person: 'somebody', fields: '', key: 'somebody', decided: null, edit: '{}' });
    store.setCursor('Contact', '2026-01-01T00:00:00.000Z');
    // As after a kill: opened again, never closed.
    const again = openStore(folder);
    again.keepMessage('north', 'EPIC^N', '1', 'text 1');
    expect(again.waitingMessages('north').map((one) => one.text)).toEqual(['text 2']);
    expect(again.unsavedLinks('p1')).toEqual([store.link('Contact', 'p1')]);
    expect(again.nextMessage('north')?.text).toBe('A31');
    expect(again.cursor('Contact')).toBe('2026-01-01T00:00:00.000Z');
  });

  it('a record that changed while it was written stays unsaved', () => {
    apply(contact('p1', 1, { LastName: 'Lee' }));
    const beingWritten = store.link('Contact', 'p1')!;
    apply(contact('p1', 2, { LastName: 'Ray' }));
    store.markSaved(beingWritten, 10);
    expect(store.unsavedPersons()).toEqual(['p1']);
  });
});
