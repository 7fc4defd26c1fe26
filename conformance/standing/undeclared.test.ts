import { describe, expect, it } from 'vitest';
import type { Manifest } from '../manifest/manifest.ts';
import { JournalBuilder } from '../testing/journal-builder.ts';
import { evidenceOf, manifest, site } from '../testing/setting.ts';
import { undeclared } from './undeclared.ts';

const POLL = { kind: 'poll', interval: 500 } as const;
const declining = (name: string): Manifest =>
  ({ ...manifest(), capabilities: { [name]: { no: 'not in scope' } } }) as unknown as Manifest;

describe('what is seen and not declared', () => {
  it.each<[string, Manifest, (b: JournalBuilder) => void, string[]]>([
    ['all of it is declared', manifest(), polled, []],
    [
      'the API, of a site that is declared to send messages',
      manifest([site({ read: [{ kind: 'hl7' }] })]),
      polled,
      ['epic was read by poll, which its channels do not name'],
    ],
    ['the API, beside an export', manifest([site({ read: [{ kind: 'bulk', interval: 500 }] })]), polled, []],
    [
      'messages, of a site that is declared to be polled',
      manifest([site({ read: [POLL] })]),
      (b) => b.deliver('ADT^A04', b.register('p1', {})),
      ['epic was read by hl7, which its channels do not name'],
    ],
    [
      'writing to a site that is declared to be read alone',
      manifest([site({ write_back: 'none' })]),
      written,
      ['epic was written to, though its write_back is none'],
    ],
    ['writing to one that is declared', manifest(), written, []],
    [
      'rows of what is declined',
      declining('appointments'),
      visited,
      ['appointments is declined, and rows of Appointment were written'],
    ],
    ['rows of something else', declining('referrals'), visited, []],
    ['rows that a CRM user made', declining('appointments'), (b) => b.edit('Appointment__c', 'a01', { Status__c: 'Booked' }), []],
  ])('%s', (_, declared, happens, expected) => {
    const builder = new JournalBuilder();
    happens(builder);
    expect(undeclared(evidenceOf(builder, declared), declared)).toEqual(expected.map((text) => `undeclared capability: ${text}`));
  });
});

function polled(b: JournalBuilder): void {
  b.poll(b.register('p1', {}).records![0]!);
}

function written(b: JournalBuilder): void {
  b.register('p1', {});
  b.ehr('update', 'Patient', 'p1', { active: true }, { actor: 'client:sync' });
}

function visited(b: JournalBuilder): void {
  b.crm('Appointment__c', 'a01', { Status__c: 'Booked' });
}
