import { describe, expect, test } from 'vitest';
import type { JournalEvent } from '#simulators';
import type { Manifest } from '../manifest/manifest.ts';
import { Examination } from './examination.ts';

const sites = [{ name: 'epic', channels: { read: [{ kind: 'hl7' }, { kind: 'poll' }] } }] as unknown as Manifest['sites'];

type Shown = Pick<JournalEvent, 'sim' | 'kind'> & Partial<JournalEvent>;
const event = (one: Shown): JournalEvent =>
  ({ v: 1, process: 'p', incarnation: 1, seq: 1, at: 1, wall: '', ...one }) as JournalEvent;

const begin: Shown = { sim: 'judge', kind: 'run', data: { type: 'begin' } };
const epic = { sim: 'ehr', tenant: 'epic' };
const link = { sim: 'hl7', tenant: 'epic' };
const crm = { sim: 'crm', tenant: '00D' };
const served = [{ ...epic, type: 'Patient', id: 'p1', version: 1 }];
const good: Shown[] = [
  { ...epic, kind: 'token' },
  { ...epic, kind: 'reply', served, data: { status: 200 } },
  { ...link, kind: 'ack', data: { outcome: 'positive' } },
  { ...crm, kind: 'token' },
  { ...crm, kind: 'commit', actor: 'client:sync' },
];
const refused: Shown = { ...epic, kind: 'auth', data: { reason: 'aud "x" is not the token URL y' } };
const nobody: Shown = { ...link, kind: 'ack', data: { outcome: 'refused', reason: 'ECONNREFUSED' } };

const examined = (...events: Shown[]): Examination => {
  const examination = new Examination({ sites });
  for (const one of [begin, ...events]) examination.hear(event(one));
  return examination;
};
const messages = (...events: Shown[]): string[] =>
  examined(...events)
    .problems()
    .map(({ message }) => message);

describe('an examination', () => {
  test('of a sync that comes through everywhere finds nothing', () => {
    expect(messages(...good)).toEqual([]);
  });

  test.each<[what: string, events: Shown[], found: string[]]>([
    [
      'nothing at all',
      [],
      ['epic was never called', 'epic-hl7 cannot connect to the listener of the sync', 'crm was never called'],
    ],
    [
      'a handshake and no call',
      [...good.slice(2), { ...epic, kind: 'connection', data: { state: 'secured' } }],
      ['epic was connected to over TLS and left without a call: its certificate is not trusted, or is for other names'],
    ],
    ['a token and no read', [good[0]!, ...good.slice(2)], ['epic let the sync in, which then read nothing']],
    ['no write', good.slice(0, 4), ['crm let the sync in, which then wrote nothing']],
    [
      'a cause, told in place of what it leads to',
      [refused, good[2]!, good[3]!],
      ['epic refuses the login: aud "x" is not the token URL y'],
    ],
    [
      'its end, told in place of all that it leads to',
      [{ sim: 'judge', kind: 'subject', data: { what: 'died', how: 'ended' } }],
      ['the sync ended'],
    ],
  ])('%s', (_, events, found) => {
    expect(messages(...events)).toEqual(found);
  });

  test('tells the fix with the names of that site', () => {
    expect(examined(refused).causes()).toMatchObject([
      { fix: 'write the token URL as the settings give it (SYNCPROOF_EPIC_TOKEN_URL) into "aud"' },
    ]);
  });

  test('gives what can be a matter of starting a second chance, and forgets it when it came right', () => {
    expect(examined(nobody).isSure).toBe(false);
    expect(examined(nobody, nobody).isSure).toBe(true);
    expect(examined(nobody, nobody, ...good).isSure).toBe(false);
  });

  test('does not hold earlier subjects of a sandbox that stayed up against this one', () => {
    const examination = new Examination({ sites });
    for (const one of [refused, begin, ...good]) examination.hear(event(one));
    expect(examination.problems()).toEqual([]);
  });
});
