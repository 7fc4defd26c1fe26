import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cohortOf } from './applicable.ts';
import type { CheckDefinition } from './check.ts';
import { BLOCKERS_PLANNED, CHECKS } from './checks/index.ts';
import { Evidence, type Judged } from './evidence.ts';
import { Facts } from './facts.ts';
import { INVARIANTS } from './invariants.ts';
import { ACKS_ONLY, type Behaviour, FakeSandbox, PERFECT, SILENT } from './testing/fake-sandbox.ts';
import { play } from './testing/play.ts';
import { MAP, manifest, site } from './testing/setting.ts';

const reasons = ({ findings }: Judged) => [...new Set(findings.map((finding) => finding.reason))];
const byId = (id: string) => CHECKS.find((check) => check.id === id)!;

describe('metadata', () => {
  it('every file is listed, under its own name', () => {
    const files = readdirSync(new URL('./checks', import.meta.url)).filter((name) => name !== 'index.ts');
    expect(CHECKS.map(({ id }) => `${id.toLowerCase()}.ts`).sort()).toEqual(files.sort());
    expect(new Set(CHECKS.map(({ id }) => id)).size).toBe(CHECKS.length);
  });

  it.each(CHECKS)('$id says what it requires, why, and where that comes from', (check) => {
    expect(Object.isFrozen(check)).toBe(true);
    expect(check.id).toMatch(/^[A-Z]{2}-\d\d$/);
    for (const text of [check.title, check.requirement, check.harm]) expect(text.length).toBeGreaterThan(20);
    expect(check.requirement).toMatch(/\.$/);
    expect(check.harm).toMatch(/\.$/);
    expect(check.seeds.length).toBeGreaterThan(0);
    for (const seed of check.seeds) expect(seed).toMatch(/^S[0-4]\b/);
    expect([1, 2, 3]).toContain(check.level);
    expect(['B', 'M', 'm', 'A']).toContain(check.severity);
  });

  it('there are never more blockers than are planned', () => {
    for (const level of [1, 2, 3] as const) {
      const blockers = CHECKS.filter((check) => check.severity === 'B' && check.level === level).length;
      expect(blockers).toBeLessThanOrEqual(BLOCKERS_PLANNED[level]);
    }
  });

  it('no check names an object or a field of the CRM: they ask the map', () => {
    for (const { id } of CHECKS) {
      const text = readFileSync(new URL(`./checks/${id.toLowerCase()}.ts`, import.meta.url), 'utf8');
      expect(text.match(/\w+__c|'Contact'|MobilePhone/g) ?? []).toEqual([]);
    }
  });

  it('what breaks the world runs alone', () => {
    for (const check of CHECKS) {
      const wide = /outageMs|crowd\(/.test(check.act.toString());
      expect([check.id, check.alone ?? false]).toEqual([check.id, wide]);
    }
  });
});

describe('a perfect subject passes', () => {
  it.each(CHECKS)('$id', async (check) => {
    const played = await play(check, PERFECT);
    expect([played.findings, played.verdict, played.reason]).toEqual([[], 'pass', 'as-required']);
    for (const invariant of INVARIANTS)
      expect([invariant.id, invariant.judge(played.evidence, played.cohort)]).toEqual([invariant.id, []]);
  });

  it.each(CHECKS.filter((check) => !check.needs?.includes('hl7')))('$id, by polling alone', async (check) => {
    const polling = manifest([site({ read: [{ kind: 'poll', interval: 500 }], discover: ['schedule'] })]);
    expect(await play(check, { ...PERFECT, takes: () => false }, polling)).toMatchObject({ verdict: 'pass' });
  });

  it.each(['2', '3', '4'])('DM-01 and BV-01 with other people (seed %s)', async (seed) => {
    expect((await play(byId('DM-01'), PERFECT, manifest(), { seed })).findings).toEqual([]);
    expect((await play(byId('BV-01'), PERFECT, manifest(), { seed })).findings).toEqual([]);
  });

  // No clock there shows a quarter past midnight on that day; the model tells days in New York, so the verdict is no matter.
  it('AP-07 can be carried out where clocks change at midnight', async () => {
    const judged = manifest([site({}, { time_zone: 'America/Santiago' })]);
    expect((await play(byId('AP-07'), PERFECT, judged)).evidence.facts.truthOf('AP-07/epic')).toHaveLength(9);
  });
});

describe('nulls pass nothing', () => {
  const judged = manifest();
  const empty = (...kinds: string[]) => {
    const facts = new Facts();
    for (const check of CHECKS) {
      const { b } = new FakeSandbox(`${check.id}/epic`);
      for (const type of kinds) b.check({ type, seed: '1' });
      for (const event of b.events) facts.ingest(event);
    }
    return new Evidence(facts, MAP, judged);
  };

  it.each(CHECKS)('$id, never begun', (check) => {
    expect(empty().judge(check, judged.sites)).toMatchObject({ verdict: 'untestable', reason: 'not-run' });
  });

  it.each(CHECKS)('$id, begun and not ended', (check) => {
    expect(empty('begin').judge(check, judged.sites)).toMatchObject({ verdict: 'untestable', reason: 'interrupted' });
  });

  it.each(CHECKS)('$id, begun and ended with nothing between', (check) => {
    expect(empty('begin', 'end').judge(check, judged.sites).verdict).toBe('untestable');
  });

  it.each(CHECKS)('$id, every wait over though nothing was done', (check) => {
    const { b } = new FakeSandbox(`${check.id}/epic`);
    const facts = new Facts();
    b.begin();
    for (const [, label] of check.act.toString().matchAll(/settled\(['"](.+?)['"]\)/g)) b.settled(label!);
    b.end();
    for (const event of b.events) facts.ingest(event);
    expect(new Evidence(facts, MAP, judged).judge(check, judged.sites).verdict).toBe('untestable');
  });

  it.each(CHECKS)('$id, a subject that does nothing', async (check) => {
    const played = await play(check, SILENT);
    expect([played.verdict, reasons(played)[0]]).toEqual([
      'fail',
      reasons(played).includes('not-read') ? reasons(played)[0] : 'not-read',
    ]);
  });

  it.each(CHECKS)('$id, a subject that acknowledges all and writes nothing', async (check) => {
    const played = await play(check, ACKS_ONLY);
    expect([played.verdict, reasons(played)]).toEqual(['fail', expect.arrayContaining(['missing'])]);
  });
});

describe('each check fails a subject with the fault that it is there for', () => {
  const late = (act: string) => !['register', 'add', 'book'].includes(act);
  it.each<[string, string, string, Behaviour]>([
    ['ID-01', 'misses people without a visit', 'missing', { polls: false, takes: (type) => type !== 'ADT^A28' }],
    [
      'ID-02',
      'links an update to a new row',
      'duplicate',
      { polls: false, creates: (object, act) => object === 'Contact' && late(act) },
    ],
    [
      'ID-03',
      'writes one name for both',
      'wrong-value',
      { write: (_, fields) => ({ ...fields, ...('FirstName' in fields && { FirstName: 'Anna' }) }) },
    ],
    [
      'DM-01',
      'moves leap days',
      'wrong-value',
      { write: (_, f) => ({ ...f, ...(String(f.Birthdate).endsWith('02-29') && { Birthdate: '1960-02-28' }) }) },
    ],
    [
      'DM-02',
      'empties the mail address with each update',
      'wrong-value',
      { polls: false, write: (o, f, act) => (o === 'Contact' && late(act) ? { ...f, Email: null } : f) },
    ],
    [
      'DM-02',
      'takes the language away with each update',
      'collateral-change',
      { polls: false, write: (o, f, act) => (o === 'Contact' ? { ...f, Preferred_Language__c: late(act) ? null : 'en' } : f) },
    ],
    [
      'AP-01',
      'forgets whose the appointment is',
      'wrong-value',
      { write: (o, f) => (o === 'Contact' ? f : { ...f, Contact__c: null }) },
    ],
    ['AP-02', 'drops cancellations', 'stale-value', { polls: false, takes: (type) => type !== 'SIU^S15' }],
    [
      'AP-03',
      'books a moved appointment anew',
      'duplicate',
      { polls: false, creates: (o, act) => o !== 'Contact' && act === 'reschedule' },
    ],
    [
      'AP-07',
      'takes the day of UTC',
      'wrong-value',
      { write: (o, f) => (o === 'Contact' ? f : { ...f, Local_Date__c: String(f.Start__c).slice(0, 10) }) },
    ],
    ['OW-01', 'lets every edit stand', 'wrong-value', { edit: () => ({ revert: [], writeBack: [] }) }],
    [
      'OW-01',
      'writes every edit to the EHR',
      'ehr-overwritten',
      { edit: (fields) => ({ revert: [], writeBack: Object.keys(fields) }) },
    ],
    [
      'OW-02',
      'takes every edit back',
      'not-written-back',
      { edit: (fields) => ({ revert: Object.keys(fields), writeBack: [] }) },
    ],
    [
      'OW-02',
      'writes an edit twice',
      'written-often',
      { edit: (f) => ({ revert: [], writeBack: Object.keys(f).flatMap((name) => [name, name]) }) },
    ],
    ['IP-01', 'refuses copies', 'copy-refused', { ack: (_, copy) => (copy === 1 ? 'positive' : 'error') }],
    [
      'IP-01',
      'makes a row for each copy',
      'duplicate',
      { polls: false, creates: () => true, write: (_, f) => ({ ...f, Title: 'again' }) },
    ],
    [
      'OR-02',
      'revives what was cancelled',
      'stale-value',
      { polls: false, write: (_, f, act) => (act === 'book' ? { ...f, Status__c: 'Booked' } : f) },
    ],
    [
      'HL-03',
      'refuses the second copy',
      'resend-refused',
      { ack: (type, copy) => (type === 'SIU^S12' && copy === 2 ? 'error' : 'positive') },
    ],
    [
      'RS-01',
      'never takes what was queued',
      'not-read',
      { polls: false, ack: (type) => (type === 'SIU^S15' ? 'error' : 'positive') },
    ],
    ['BV-01', 'gives up on some', 'missing', { write: (_, f) => (/[05]$/.test(String(f.EHR_Key__c)) ? undefined : f) }],
  ])('%s: a subject that %s (%s)', async (id, _, reason, does) => {
    const messagesAlone = manifest([site({ read: [{ kind: 'hl7' }] })]);
    const played = await play(byId(id), does, does.polls === false ? messagesAlone : manifest());
    expect([played.verdict, reasons(played)]).toEqual(['fail', expect.arrayContaining([reason])]);
  });
});

describe('a check whose stimulus did not come about is untestable', () => {
  /** The journal of a perfect run, without some of its events. */
  const without = async (
    id: string,
    drop: (event: { kind: string; data?: Record<string, unknown>; actor?: string }) => boolean,
  ) => {
    const { sandbox } = await play(byId(id), PERFECT);
    const facts = new Facts();
    for (const event of sandbox.b.events) if (!drop(event)) facts.ingest(event);
    return new Evidence(facts, MAP, manifest()).judge(byId(id), manifest().sites);
  };

  it.each(['IP-01', 'IP-04', 'OR-01', 'OR-02', 'RS-01', 'HL-03'])('%s, when no fault hit anything', async (id) => {
    expect(await without(id, ({ kind }) => kind === 'fault')).toMatchObject({ verdict: 'untestable', reason: 'did-not-bite' });
  });

  it.each(['OW-01', 'OW-02'])('%s, when no user edited anything', async (id) => {
    const judged = await without(id, ({ actor }) => actor === 'user:clerk' || actor?.startsWith('link:') === true);
    expect(judged).toMatchObject({ verdict: 'untestable', reason: 'no-edit' });
  });

  it.each(['OR-01', 'OR-02'])('%s, when the messages came in order after all', async (id) => {
    const { sandbox } = await play(byId(id), PERFECT);
    const facts = new Facts();
    const held = sandbox.b.events.filter(({ kind, data }) => kind === 'fault' && data?.fault === 'reorder').map(({ seq }) => seq);
    expect(held).toHaveLength(1);
    for (const event of sandbox.b.events) {
      const versions = event.records?.map((ref) => ref.version) ?? [];
      const link = event.kind === 'message' || event.kind === 'ack';
      if (!link || versions[0] !== 1 || event.seq < held[0]!) facts.ingest(event);
    }
    const { findings } = new Evidence(facts, MAP, manifest()).judge(byId(id), manifest().sites);
    expect(findings.map(({ reason, verdict }) => [reason, verdict])).toEqual(
      id === 'OR-01' ? [] : [['did-not-bite', 'untestable']],
    );
  });

  it('what never settles, or is never read, is a failure of the subject', async () => {
    const { sandbox } = await play(byId('DM-01'), PERFECT);
    const verdictOf = (data: Record<string, unknown>) => {
      const facts = new Facts();
      for (const event of sandbox.b.events)
        facts.ingest(event.data?.type === 'settled' ? { ...event, data: { ...event.data, ...data } } : event);
      return new Evidence(facts, MAP, manifest()).judge(byId('DM-01'), manifest().sites);
    };
    expect(verdictOf({ by: 'never-settled' })).toMatchObject({ verdict: 'fail', reason: 'never-settled' });
    expect(verdictOf({ by: 'window', owed: ['Patient/x on hl7'] })).toMatchObject({ verdict: 'fail', reason: 'not-read' });
    expect(verdictOf({ by: 'window' })).toMatchObject({ verdict: 'pass' });
  });
});

describe('who is to blame', () => {
  const check = byId('ID-01');
  const judge = (of: CheckDefinition, ...data: Record<string, unknown>[]) => {
    const { b } = new FakeSandbox(cohortOf(of, site()));
    const facts = new Facts();
    for (const each of data) b.check(each);
    for (const event of b.events) facts.ingest(event);
    return new Evidence(facts, MAP, manifest()).judge(of, manifest().sites);
  };

  it.each<[string, CheckDefinition, Record<string, unknown>[], string]>([
    ['act that throws', check, [{ type: 'begin' }, { type: 'error', message: 'boom\n at x' }, { type: 'end' }], 'harness-error'],
    ['expect that throws', { ...check, expect: () => JSON.parse('{') }, [{ type: 'begin' }, { type: 'end' }], 'harness-error'],
    ['an end that never came', check, [{ type: 'begin' }], 'untestable'],
  ])('%s', (_, of, data, verdict) => {
    expect(judge(of, ...data).verdict).toBe(verdict);
  });

  it.each([
    ['HL-03', manifest([site({ read: [{ kind: 'poll', interval: 500 }] })]), 'epic declares no hl7 channel for reading'],
    ['OW-01', manifest([site()], { kind: 'none' }), 'the manifest declares no channel back from the CRM (crm.back: none)'],
    ['OW-02', manifest([site({ write_back: 'none' })]), 'epic declares no write-back (write_back: none)'],
  ])('%s does not apply where the manifest declares it away, by name', (id, judged, message) => {
    const evidence = new Evidence(new Facts(), MAP, judged);
    expect(evidence.judge(byId(id), [])).toEqual({ verdict: 'not-applicable', reason: 'not-declared', message, findings: [] });
  });
});
