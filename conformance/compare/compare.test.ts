import { describe, expect, it, test } from 'vitest';
import { CHECKS } from '../checks/index.ts';
import { Facts } from '../facts/facts.ts';
import type { Opened } from '../judge.ts';
import { LoadTally } from '../load/load-tally.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { type Behaviour, PERFECT, SILENT } from '../testing/behaviour.ts';
import { play } from '../testing/play.ts';
import { MAP, manifest } from '../testing/setting.ts';
import { compareRuns } from './compare.ts';

interface Run {
  does?: Behaviour;
  checks?: string[];
  seed?: string;
  runKey?: string;
  digest?: string;
  map?: typeof MAP;
}

/** A run of a model of a subject, as it is when its folder was opened. */
async function run({
  does = PERFECT,
  checks = ['ID-01'],
  seed = '1',
  runKey = 'k',
  digest,
  map = MAP,
}: Run = {}): Promise<Opened> {
  const judged = { ...manifest(), subject: { name: 'sync', version: '1', digest } } as Manifest;
  const facts = new Facts();
  for (const [i, id] of checks.entries()) {
    const { sandbox } = await play(CHECKS.find((check) => check.id === id)!, does, judged, { seed, process: `sandbox-${i}` });
    for (const event of sandbox.b.events) facts.ingest(event);
  }
  const header = {
    id: `run-${seed}`,
    seed,
    runKey,
    checks,
    manifest: '',
    map: '',
    checkSet: '',
    population: '',
    status: 'finished' as const,
  };
  return { facts, header, manifest: judged, map, events: [], load: new LoadTally() };
}

const firstName = (name: string): Behaviour => ({
  write: (_, fields) => ({ ...fields, ...('FirstName' in fields && { FirstName: name }) }),
});
const noCity: Behaviour = { write: (_, fields) => ({ ...fields, ...('MailingCity' in fields && { MailingCity: null }) }) };

describe('two runs', () => {
  it('that did the same differ in nothing', async () => {
    const comparison = compareRuns(await run(), await run());
    expect(comparison).toMatchObject({ differs: false, notes: [], checks: [], crm: [], incomparable: [], sameStimulus: true });
  });

  it('differ in a verdict, its findings and invariants, whichever comes first', async () => {
    const [good, silent] = [await run(), await run({ does: SILENT })];
    const worse = compareRuns(good, silent);
    expect(worse.checks).toEqual([
      expect.objectContaining({ id: 'ID-01', verdict: ['pass', 'fail'], reason: ['as-required', 'not-read'], flake: false }),
    ]);
    expect(worse.findings.gone).toEqual([]);
    expect(worse.findings.fresh).toEqual(
      expect.arrayContaining([expect.objectContaining({ check: 'ID-01', reason: 'not-read', channel: 'epic' })]),
    );
    expect(worse.invariants).toContainEqual({ id: 'G5', cohort: 'ID-01/epic', verdict: ['pass', 'fail'] });
    const better = compareRuns(silent, good);
    expect([better.findings.gone, better.findings.fresh]).toEqual([worse.findings.fresh, []]);
    expect(better.checks[0]!.verdict).toEqual(['fail', 'pass']);
  });

  it('differ in rows: how many there are for a record, by its place and not by its id', async () => {
    const { crm } = compareRuns(await run(), await run({ does: SILENT }));
    expect(crm.map(({ cohort, record, object, field, actual }) => [cohort, record, object, field, ...actual])).toEqual(
      expect.arrayContaining([['ID-01/epic', 'Patient 1', 'Contact', '(rows)', '1', '0']]),
    );
  });

  it('differ down to the field', async () => {
    const { crm, differs } = compareRuns(
      await run({ checks: ['DM-01'] }),
      await run({ checks: ['DM-01'], does: firstName('Anna') }),
    );
    expect(crm.length).toBeGreaterThan(0);
    for (const { object, field, ok, actual } of crm) {
      expect([object, field, ok, actual[1]]).toEqual(['Contact', 'FirstName', [true, false], 'Anna']);
      expect(actual[0]).not.toBe('Anna');
    }
    expect(differs).toBe(true);
  });

  test.each<[string, Run, Run, number]>([
    ['two wrong values of one stimulus differ', { does: firstName('Anna') }, { does: firstName('Bert') }, 1],
    [
      'two wrong values of two seeds do not: other people have other names',
      { does: firstName('Anna') },
      { does: firstName('Bert'), seed: '2' },
      0,
    ],
    ['a wrong value and a right one differ, whatever the seeds', { does: firstName('Anna') }, { seed: '2' }, 1],
    ['an empty field and a right one differ, whatever the seeds', { does: noCity }, { seed: '2' }, 1],
    ['right values of two seeds do not differ', {}, { seed: '2' }, 0],
  ])('%s', async (_, one, other, fields) => {
    const checks = ['DM-01'];
    const { crm } = compareRuns(await run({ ...one, checks }), await run({ ...other, checks }));
    expect(new Set(crm.map(({ field }) => field)).size).toBe(fields);
  });

  test.each<[string, Run, Run, RegExp[]]>([
    ['other seeds', {}, { seed: '2' }, [/^seeds: 1 against 2; people and times are other ones/]],
    ['other run keys', {}, { runKey: 'j' }, [/^run keys: k against j; people are other ones/]],
    [
      'other maps',
      {},
      { map: { ...MAP, rows: MAP.rows.slice(1) } },
      [/^data maps: 1 rows are only in the first, 0 only in the second/],
    ],
  ])('say first what makes them unlike: %s', async (_, one, other, says) => {
    const { notes } = compareRuns(await run(one), await run(other));
    expect(notes).toEqual(says.map((pattern) => expect.stringMatching(pattern)));
  });

  it('of other checks are compared in what both have', async () => {
    const comparison = compareRuns(await run({ checks: ['ID-01', 'AP-01'] }), await run({ checks: ['ID-01', 'DM-01'] }));
    expect(comparison).toMatchObject({ onlyIn: [['AP-01'], ['DM-01']], checks: [], crm: [], differs: false });
  });

  test.each<[string, string | undefined, string | undefined, boolean]>([
    ['the same digest', 'sha256:1', 'sha256:1', true],
    ['another digest', 'sha256:1', 'sha256:2', false],
    ['no digest', undefined, undefined, false],
  ])('a verdict that only chance can have changed is named a flake: %s', async (_, one, other, flake) => {
    const { checks } = compareRuns(await run({ digest: one }), await run({ digest: other, does: SILENT }));
    expect(checks.map((check) => check.flake)).toEqual([flake]);
  });
});
