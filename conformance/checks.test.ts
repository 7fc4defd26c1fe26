import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cohortOf } from './applicable.ts';
import type { CheckDefinition } from './check.ts';
import { CHECKS } from './checks/index.ts';
import { Evidence, type Judged } from './facts/evidence.ts';
import { Facts } from './facts/facts.ts';
import { INVARIANTS } from './invariants.ts';
import type { Capability } from './manifest/capabilities.ts';
import type { Manifest } from './manifest/manifest.ts';
import { ACKS_ONLY, type Behaviour, PERFECT, SILENT } from './testing/behaviour.ts';
import { FakeSandbox } from './testing/fake-sandbox.ts';
import { play } from './testing/play.ts';
import { MAP, manifest, site } from './testing/setting.ts';

const reasons = ({ findings }: Judged) => [...new Set(findings.map((finding) => finding.reason))];
const declining = (name: Capability) => ({ ...manifest(), capabilities: { [name]: { no: 'not in scope' } } }) as Manifest;
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

  it('the suite is whole', () => {
    const count = (severity: string, level: number) =>
      CHECKS.filter((check) => check.severity === severity && check.level === level).length;
    const counts = ['B', 'M', 'm', 'A'].map((severity) => [1, 2, 3].map((level) => count(severity, level)));
    expect([CHECKS.length, counts]).toEqual([
      120,
      [
        [35, 29, 7],
        [24, 18, 0],
        [4, 2, 0],
        [0, 1, 0],
      ],
    ]);
  });

  it('no check names an object or a field of the CRM: they ask the map', () => {
    for (const { id } of CHECKS) {
      const text = readFileSync(new URL(`./checks/${id.toLowerCase()}.ts`, import.meta.url), 'utf8');
      expect(text.match(/\w+__c|'Contact'|MobilePhone/g) ?? []).toEqual([]);
    }
  });

  it('what breaks the world runs alone', () => {
    // Calls that gates hold take the hands of a subject that has few. A throttle, files of an export and the size of pages are of a whole system, and a forged notification takes the place of a bundle; what hangs holds a place in the queue of whoever has few, and a link has two ends only.
    const wide =
      /outageMs|crowd\(|\.kill\(|give\(['"]poison|fault: '(throttle|hang|late-commit|half-open|malformed|forged|tls-\w+)'|export-file|pageLimit\(|crm\.(hold|alter)\(|fault: '(element|scope|client)-|reconfigure\(|forgeNotifications|explore\(|arrivals\(|holdRivals\(/;
    for (const { id, alone = false } of CHECKS) {
      const text = readFileSync(new URL(`./checks/${id.toLowerCase()}.ts`, import.meta.url), 'utf8');
      expect([id, alone]).toEqual([id, wide.test(text)]);
    }
  });
});

describe('a perfect subject passes', () => {
  it.each(CHECKS)('$id', async (check) => {
    const played = await play(check, PERFECT);
    const reason = check.passes ? expect.stringMatching(/./) : 'as-required';
    expect([played.findings, played.verdict, played.reason]).toEqual([[], 'pass', reason]);
    for (const invariant of INVARIANTS)
      expect([invariant.id, invariant.judge(played.evidence, played.cohort)]).toEqual([invariant.id, []]);
  });

  it.each(CHECKS.filter((check) => !check.needs?.some((need) => need === 'hl7' || need === 'push')))(
    '$id, by polling alone',
    async (check) => {
      const polling = manifest([site({ read: [{ kind: 'poll', interval: 500 }], discover: ['schedule'] })]);
      expect(await play(check, { ...PERFECT, takes: () => false }, polling)).toMatchObject({ verdict: 'pass' });
    },
  );

  // What the map takes from the chart has no column for messages.
  const back = ['poll', 'bulk', 'api', 'crm-back', 'crm-reread'];
  const pushed = CHECKS.filter(({ needs = [], takes }) => !takes && !needs.some((need) => back.includes(need)));
  it.each(pushed)('$id, by messages alone', async (check) => {
    const listening = manifest([site({ read: [{ kind: 'hl7' }], write_back: 'none' })], { kind: 'none' });
    expect(await play(check, { polls: false }, listening)).toMatchObject({ verdict: 'pass' });
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

  /** Checks of what a subject does beside its work: of one that does none there is nothing to say. */
  const NOTHING_TO_SAY: Record<string, string> = { 'SE-01': 'did-not-bite' };
  const untestable = async ({ id }: CheckDefinition, does: Behaviour) => {
    expect(await play(byId(id), does)).toMatchObject({ verdict: 'untestable', reason: NOTHING_TO_SAY[id] });
  };

  it.each(CHECKS)('$id, a subject that does nothing', async (check) => {
    if (NOTHING_TO_SAY[check.id]) return untestable(check, SILENT);
    const played = await play(check, SILENT);
    expect([played.verdict, reasons(played)[0]]).toEqual([
      'fail',
      reasons(played).includes('not-read') ? reasons(played)[0] : 'not-read',
    ]);
  });

  it.each(CHECKS)('$id, a subject that acknowledges all and writes nothing', async (check) => {
    if (NOTHING_TO_SAY[check.id]) return untestable(check, ACKS_ONLY);
    const played = await play(check, ACKS_ONLY);
    expect([played.verdict, reasons(played)]).toEqual(['fail', expect.arrayContaining(['missing'])]);
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
    ['SE-02', manifest([site({}, { tls: false })]), 'TLS is off for epic'],
    ['SE-03', { ...manifest(), crm: { ...manifest().crm, tls: false } }, 'TLS is off for the CRM'],
    ['RF-01', declining('referrals'), 'the manifest declines referrals: not in scope'],
    ['ID-05', declining('merges'), 'the manifest declines merges: not in scope'],
  ])('%s does not apply where the manifest declares it away, by name', (id, judged, message) => {
    const evidence = new Evidence(new Facts(), MAP, judged);
    expect(evidence.judge(byId(id), [])).toEqual({
      verdict: 'not-applicable',
      reason: 'not-declared',
      message,
      findings: [],
      sites: [],
      cases: { of: 0, passed: 0 },
    });
  });
});
