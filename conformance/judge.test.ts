import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { EventDraft } from '#simulators';
import type { CheckDefinition } from './check.ts';
import { CHECKS } from './checks/index.ts';
import { judge, openRun } from './judge.ts';
import type { Manifest } from './manifest/manifest.ts';
import { EvidenceError, RunFolder } from './run-folder.ts';
import { type Edition, hashOfEdition, loadEdition } from './standing/editions.ts';
import { type Behaviour, PERFECT, SILENT } from './testing/behaviour.ts';
import { JournalBuilder } from './testing/journal-builder.ts';
import { play } from './testing/play.ts';
import { MAP, manifest, site } from './testing/setting.ts';

const root = mkdtempSync(join(tmpdir(), 'judge-'));
afterAll(() => rmSync(root, { recursive: true }));
let made = 0;

const byId = (id: string): CheckDefinition => CHECKS.find((check) => check.id === id)!;
interface Plan {
  plays?: [string, Behaviour][];
  /** Check ids that the header names; those played when left out. */
  checks?: string[];
  judged?: ReturnType<typeof manifest>;
  /** What the judge's own process writes beside beginning and end. */
  between?: EventDraft[];
  end?: Record<string, unknown> | false;
  log?: string;
  /** What the header says beside that, and what it names by hash. */
  header?: Record<string, unknown>;
  inputs?: Record<string, unknown>;
}

/** A run folder as `check` leaves it: one journal for the judge, one for each check played. */
async function recorded({
  plays = [['ID-01', PERFECT]],
  judged = manifest(),
  between = [],
  end = {},
  log,
  header = {},
  inputs: kept = {},
  ...more
}: Plan): Promise<RunFolder> {
  const folder = RunFolder.create(root, `run-${++made}`);
  const home = new JournalBuilder('', 'home');
  home.micros = 0;
  const { checks = plays.map(([id]) => id) } = more;
  const run = { sim: 'judge', kind: 'run' } as const;
  const inputs = {
    manifest: folder.keep(JSON.stringify(judged, null, 1)),
    map: folder.keep(JSON.stringify(MAP.files, null, 1)),
    checkSet: folder.keep(JSON.stringify(checks)),
    population: folder.keep('{}'),
  };
  const named = Object.fromEntries(Object.entries(kept).map(([name, value]) => [name, folder.keep(JSON.stringify(value))]));
  home.add({ ...run, data: { type: 'begin', id: folder.id, seed: '42', runKey: 'abc', checks, ...inputs, ...header, ...named } });
  const heard: Record<string, number> = {};
  for (const [i, [id, does]] of plays.entries()) {
    const { sandbox } = await play(byId(id), does, judged, { process: `sandbox-${i}` });
    const journal = folder.journal(`sandbox-${i}`);
    for (const event of sandbox.b.events) journal.add(event);
    journal.flush();
    heard[`sandbox-${i}`] = sandbox.b.events.length;
    home.micros = Math.max(home.micros, sandbox.b.micros);
  }
  for (const draft of between) home.add(draft);
  if (log !== undefined) for (const name of ['subject.log', 'subject-1.log']) writeFileSync(folder.file(name), log);
  heard.home = home.events.length;
  const ended = {
    type: 'end',
    status: 'finished',
    output: folder.hashOf('subject.log'),
    outputs: folder.outputHashes(),
    heard,
    ...(end || {}),
  };
  if (end) home.add({ ...run, data: ended });
  const journal = folder.journal('home');
  for (const event of home.events) journal.add(event);
  journal.flush();
  return folder;
}

describe('verdicts from the folder alone', () => {
  it('are the same each time, whatever lies beside the evidence', async () => {
    const folder = await recorded({
      plays: [
        ['ID-01', PERFECT],
        ['AP-02', SILENT],
        ['OW-01', PERFECT],
      ],
      log: 'ready\n',
    });
    expect(judge(folder).checks.map(({ verdict }) => verdict)).toEqual(['pass', 'fail', 'pass']);
    const first = JSON.stringify(judge(folder), null, 1);
    writeFileSync(folder.file('result.json'), first);
    const second = JSON.stringify(judge(new RunFolder(folder.path)), null, 1);
    rmSync(folder.file('result.json'));
    expect([second, JSON.stringify(judge(folder), null, 1)]).toEqual([first, first]);
  });

  it('say who was judged, by what, with which numbers', async () => {
    const result = judge(
      await recorded({
        plays: [
          ['ID-01', PERFECT],
          ['AP-02', SILENT],
        ],
      }),
    );
    expect(result).toMatchObject({
      v: 1,
      id: `run-${made}`,
      status: 'finished',
      seed: '42',
      runKey: 'abc',
      subject: { name: 'subject', version: '1' },
      warnings: [],
      counts: { pass: 1, fail: 1 },
      coverage: 100,
      exitCode: 1,
      mapCoverage: { judged: 67, of: 67 },
      startedAt: '2026-03-02T12:00:00.000Z',
    });
    expect(result.checks.map(({ id, verdict, reason }) => [id, verdict, reason])).toEqual([
      ['ID-01', 'pass', 'as-required'],
      ['AP-02', 'fail', 'not-read'],
    ]);
  });

  it('tell of each check how to see it again, why its waits ended, and what touched its people', async () => {
    const [check] = judge(await recorded({})).checks;
    expect(check).toMatchObject({
      replay: 'npx syncproof check --only ID-01 --seed 42 --run-key abc',
      settled: [{ label: 'arrived', by: 'as-mapped' }],
      findings: [],
    });
    expect(check!.durationMs).toBeGreaterThanOrEqual(3_000);
    expect(check!.timeline.length).toBeGreaterThan(10);
    for (const id of check!.timeline) expect(id).toMatch(/^sandbox-0:\d+$/);
  });

  it('judge the invariants on the people of each check that ran', async () => {
    const { invariants } = judge(await recorded({ plays: [['ID-01', PERFECT]], checks: ['ID-01', 'AP-02'] }));
    expect(invariants.map(({ id, cohort, verdict }) => [id, cohort, verdict])).toEqual(
      ['G1', 'G2', 'G3', 'G4', 'G5'].map((id) => [id, 'ID-01/epic', 'pass']),
    );
  });

  it('go by the definitions that are given, with those that are gone named', async () => {
    const folder = await recorded({ plays: [['ID-01', PERFECT]], checks: ['ID-01', 'XX-99'] });
    const result = judge(folder);
    expect(result.checks.map(({ id }) => id)).toEqual(['ID-01']);
    expect(result.warnings).toEqual(['XX-99 was run, but this version has no such check to judge it by']);
  });
});

describe('a subject that is only attached', () => {
  const attached = { ...manifest(), start: { attach: true } } as ReturnType<typeof manifest>;
  const plan: Plan = {
    plays: [
      ['ID-01', PERFECT],
      ['SE-05', PERFECT],
    ],
    checks: ['ID-01', 'HL-01', 'SE-05'],
    log: '',
  };

  it('has its checks untestable where it cannot be killed or heard, and the result says so', async () => {
    const result = judge(await recorded({ ...plan, judged: attached }));
    expect(result.checks.map(({ id, verdict, reason }) => [id, verdict, reason])).toEqual([
      ['ID-01', 'pass', 'as-required'],
      ['HL-01', 'untestable', 'not-ours'],
      ['SE-05', 'untestable', 'no-output'],
    ]);
    expect(result.unseen?.map(({ checks }) => checks)).toEqual([['HL-01'], ['SE-05']]);
  });

  it('is told from one that its manifest keeps from being restarted, and from one that is ours', async () => {
    const ours = judge(await recorded({ ...plan, judged: { ...manifest(), start: { restart: false } } as typeof attached }));
    expect(ours.checks.map(({ verdict }) => verdict)).toEqual(['pass', 'not-applicable', 'pass']);
    expect(ours.unseen).toBeUndefined();
  });
});

describe('exit codes', () => {
  const stop: EventDraft = { sim: 'ehr', kind: 'stop', data: { defect: 'TypeError: boom\n    at x' } };
  const intruder: EventDraft = { sim: 'control', kind: 'intruder' };
  it.each<[string, Plan, number, (string | RegExp)[]]>([
    ['all pass', {}, 0, []],
    ['a failure', { plays: [['ID-01', SILENT]] }, 1, []],
    ['an intruder', { between: [intruder, intruder] }, 1, [/control API was called 2 times without its token/]],
    ['the sandbox broke', { between: [stop] }, 5, ['the sandbox failed: TypeError: boom']],
    ['the sandbox broke and there was an intruder', { between: [stop, intruder] }, 5, [/control API/, /boom/]],
    ['nothing ran', { plays: [] }, 3, []],
    ['only what was never begun', { plays: [], checks: ['ID-01'] }, 3, []],
    ['interrupted', { end: { status: 'interrupted' } }, 3, []],
    ['killed: there is no end', { end: false }, 3, []],
    [
      'nothing applies',
      { plays: [], checks: ['HL-03'], judged: manifest([site({ read: [{ kind: 'poll', interval: 500 }] })]) },
      3,
      [],
    ],
    [
      'the subject died and had to be killed: told, and judged by what it did',
      {
        between: [{ sim: 'judge', kind: 'subject', data: { what: 'died', how: 'by SIGSEGV' } }],
        end: { subjectEnded: { how: 'ended by SIGKILL', forced: true } },
      },
      0,
      ['the subject ended by itself during the run (by SIGSEGV)', 'the subject did not stop when asked: it ended by SIGKILL'],
    ],
  ])('%s', async (_, plan, exitCode, warnings) => {
    const result = judge(await recorded(plan));
    expect(result.exitCode).toBe(exitCode);
    expect(result.warnings).toHaveLength(warnings.length);
    for (const [i, warning] of warnings.entries())
      expect(result.warnings[i]).toEqual(typeof warning === 'string' ? warning : expect.stringMatching(warning));
  });

  it('TLS that is off is said beside the level, and nowhere else', async () => {
    const judged = { ...manifest([site({}, { tls: false })]), crm: { ...manifest().crm, tls: false } };
    const { warnings, level } = judge(await recorded({ judged }));
    expect([warnings, level]).toEqual([[], expect.stringContaining('TLS off for epic, the CRM')]);
  });

  it.each<[string, Partial<CheckDefinition>]>([
    [
      'expect',
      {
        expect: () => {
          throw new Error('ours');
        },
      },
    ],
  ])('a check whose %s breaks is a harness error, and the run void', async (_, broken) => {
    const result = judge(await recorded({}), [{ ...byId('ID-01'), ...broken }]);
    expect([result.checks[0]?.verdict, result.exitCode]).toEqual(['harness-error', 5]);
    expect(result.checks[0]?.message).toContain('ours');
  });

  it('an invariant that breaks is a harness error, and takes no other with it', async () => {
    const b = new JournalBuilder('ID-01/epic');
    b.book('a1', { identifier: [{ value: '100000001' }], participant: {} });
    b.crm('Appointment__c', 'a01', { EHR_Key__c: '1.2.3.4|100000001', Status__c: 'Cancelled' });
    const { invariants, exitCode } = judge(
      await recorded({ between: b.events.map(({ at: _at, seq: _seq, process: _p, ...draft }) => draft) }),
    );
    expect(invariants.map(({ id, verdict }) => [id, verdict])).toContainEqual(['G2', 'harness-error']);
    expect(invariants.map(({ id, verdict }) => [id, verdict])).toContainEqual(['G1', 'pass']);
    expect(exitCode).toBe(5);
  });

  it('what could not be carried out is a harness error too', async () => {
    const folder = await recorded({});
    const error = {
      sim: 'judge',
      kind: 'check',
      cohort: 'ID-01/epic',
      data: { type: 'error', message: 'no such part\n at x' },
    } as const;
    const again = await recorded({ between: [error] });
    expect([judge(folder).exitCode, judge(again).exitCode]).toEqual([0, 5]);
    expect(judge(again).checks[0]?.message).toBe('The check could not be carried out: no such part');
  });
});

describe('what a run is held to is kept with it', () => {
  const played: Plan = { plays: [['ID-01', PERFECT]] };
  const edition = (change: (edition: Edition) => void = () => {}): Edition => {
    const fresh = structuredClone(loadEdition('2027.1'));
    change(fresh);
    return { ...fresh, hash: hashOfEdition(fresh) };
  };
  const without = (id: string) =>
    edition(({ terms }) => {
      terms.checks = terms.checks.filter((check) => check.id !== id);
      for (const one of [...terms.levels, ...terms.badges]) one.must = one.must.filter((name) => name !== id);
    });

  it.each<[string, Plan, number, string | undefined]>([
    ['no gate', played, 0, undefined],
    ['one that is met', { ...played, header: { gate: 'coverage=100' } }, 0, 'yes'],
    ['one that needs more than was run', { ...played, header: { gate: 'level=L1' } }, 3, 'unknown'],
    [
      'a pass that was lost',
      { plays: [['ID-01', SILENT]], header: { gate: 'regressions=0' }, inputs: { before: { 'ID-01': 'pass' } } },
      1,
      'no',
    ],
    [
      'a failure that was there before',
      { plays: [['ID-01', SILENT]], header: { gate: 'regressions=0' }, inputs: { before: { 'ID-01': 'fail' } } },
      0,
      'yes',
    ],
    [
      'a gate that is met by a run that was interrupted',
      { ...played, header: { gate: 'coverage=100' }, end: { status: 'interrupted' } },
      3,
      'yes',
    ],
  ])('%s', async (_, plan, exitCode, met) => {
    const result = judge(await recorded(plan));
    expect([result.exitCode, result.gate?.met]).toEqual([exitCode, met]);
  });

  it('says what passed then or now alone', async () => {
    const plays: Plan['plays'] = [
      ['ID-01', PERFECT],
      ['AP-02', SILENT],
      ['OW-01', PERFECT],
    ];
    const before = { 'ID-01': 'fail', 'AP-02': 'pass', 'OW-01': 'pass', 'DM-01': 'pass' };
    expect(judge(await recorded({ plays, inputs: { before } })).since).toEqual({ lost: ['AP-02'], gained: ['ID-01'] });
    expect(judge(await recorded({ plays })).since).toBeUndefined();
  });

  it('the size, and in ci size what was not said', async () => {
    expect(judge(await recorded({ ...played, header: { size: 'full' } })).size).toBe('full');
    expect(judge(await recorded(played)).size).toBe('ci');
  });

  it('the edition: by name beside the level, with the severities and levels that it froze', async () => {
    const frozen = edition((one) => {
      one.status = 'frozen';
      Object.assign(one.terms.checks.find(({ id }) => id === 'ID-01')!, { severity: 'm', level: 3 });
    });
    const result = judge(await recorded({ ...played, inputs: { edition: frozen } }));
    expect(result.edition).toEqual({ id: '2027.1', hash: frozen.hash, draft: false });
    expect(result.checks[0]).toMatchObject({ severity: 'm', level: 3 });
    expect(result.level).toMatch(/ \(edition 2027\.1\)$/);
  });

  it.each<[string, Edition, RegExp]>([
    ['a draft', edition((one) => void Object.assign(one, { status: 'draft' })), /\(edition 2027\.1, a draft\)$/],
    [
      'one that is over',
      edition((one) => void Object.assign(one, { status: 'frozen', until: '2026-03-01' })),
      /which ended on 2026-03-01\)$/,
    ],
  ])('%s says so', async (_, by, says) =>
    expect(judge(await recorded({ ...played, inputs: { edition: by } })).level).toMatch(says),
  );

  it('a check that came after the edition is run and not scored, nor are its people', async () => {
    const plays: Plan['plays'] = [
      ['ID-01', PERFECT],
      ['AP-02', SILENT],
    ];
    const scored = judge(await recorded({ plays }));
    expect([scored.exitCode, scored.invariants.some(({ cohort }) => cohort === 'AP-02/epic')]).toEqual([1, true]);
    const result = judge(await recorded({ plays, inputs: { edition: without('AP-02') } }));
    expect(result.checks[1]).toMatchObject({ id: 'AP-02', verdict: 'not-applicable', reason: 'added-after-freeze' });
    expect(result.checks[1]?.message).toMatch(/^Not scored: added after the edition; it came to fail: /);
    expect([result.exitCode, result.invariants.some(({ cohort }) => cohort === 'AP-02/epic')]).toEqual([0, false]);
  });

  it('an edition that was changed afterwards is refused', async () => {
    const forged = { ...edition(), until: '2099-01-01' };
    const folder = await recorded({ ...played, inputs: { edition: forged } });
    expect(() => judge(folder)).toThrow(/edition 2027\.1 was changed/);
  });
});

describe('what stands beside the level', () => {
  const capabilities = { referrals: { no: 'not in scope' }, consent: true };
  it('what is declined, and TLS that is off', async () => {
    const judged = { ...manifest([site({}, { tls: false })]), capabilities } as unknown as Manifest;
    const result = judge(await recorded({ judged }));
    expect(result.standing.beside).toEqual(['TLS off for epic', 'without referrals: not in scope']);
    expect(result.level).toMatch(/ \(TLS off for epic; without referrals: not in scope\)$/);
  });

  it.each<[string, Manifest, string[]]>([
    ['both channels of a site', manifest(), ['epic/hl7', 'epic/poll', 'crm/poll to epic/hl7']],
    ['no way back', manifest([site({ write_back: 'none' })]), ['epic/hl7', 'epic/poll']],
    ['nothing is heard of the CRM', manifest([site()], { kind: 'none' }), ['epic/hl7', 'epic/poll']],
  ])('the channels that are declared: %s', async (_, judged, channels) => {
    const result = judge(await recorded({ plays: [['ID-01', PERFECT]], judged }));
    expect(result.channels.map(({ channel }) => channel)).toEqual(channels);
    expect(result.channels[0]?.seen).toBe(true);
  });

  it('nobody comes through for a subject that does nothing, and back only what was brought back', async () => {
    expect(judge(await recorded({ plays: [['ID-01', SILENT]] })).channels.filter(({ seen }) => seen)).toEqual([]);
    const back = judge(await recorded({ plays: [['OW-02', PERFECT]] })).channels.find(({ channel }) => channel.startsWith('crm'));
    expect(back?.seen).toBe(true);
  });

  it('what is seen and not declared', async () => {
    const polling = manifest([site({ read: [{ kind: 'poll', interval: 500 }] })]);
    const { warnings } = judge(await recorded({ plays: [['ID-01', PERFECT]], judged: polling }));
    expect(warnings).toEqual(['undeclared capability: epic was read by hl7, which its channels do not name']);
  });
});

describe('evidence that was changed, or is not there', () => {
  const journal = (folder: RunFolder, name: string) => folder.file(join('journal', `${name}.jsonl`));
  const rewrite = (file: string, change: (text: string) => string) => writeFileSync(file, change(readFileSync(file, 'utf8')));
  const input = (folder: RunFolder, part: string) => {
    const name = readdirSync(folder.file('inputs')).find((n) =>
      readFileSync(folder.file(join('inputs', n)), 'utf8').includes(part),
    );
    return folder.file(join('inputs', name!));
  };
  const firstBatch = (text: string) => text.slice(0, text.indexOf('\n', text.indexOf('"kind":"seal"')) + 1);

  it.each<[string, (folder: RunFolder) => void, RegExp]>([
    [
      'an event',
      (f) => rewrite(journal(f, 'sandbox-0'), (t) => t.replace('"positive"', '"negative"')),
      /sandbox-0\.jsonl:\d+: the hash chain/,
    ],
    ['the journal of a process', (f) => rmSync(journal(f, 'sandbox-0')), /the journal of sandbox-0 ends before event \d+/],
    ['its end, at a seal', (f) => rewrite(journal(f, 'sandbox-1'), firstBatch), /the journal of sandbox-1 ends before event \d+/],
    ['the beginning', (f) => rmSync(journal(f, 'home')), /the journal has no beginning/],
    ['the manifest', (f) => rewrite(input(f, '"sites"'), (t) => t.replace('hl7', 'poll')), /inputs\/\w+ was changed/],
    ['the map', (f) => rewrite(input(f, 'fields.csv'), (t) => t.replace('keep', 'clear')), /inputs\/\w+ was changed/],
    ['the set of checks', (f) => rmSync(input(f, 'ID-01')), /inputs\/\w+ is missing/],
    ['the output of the subject', (f) => rewrite(f.file('subject.log'), (t) => `${t}!`), /subject\.log was changed/],
    ['the output of its second instance', (f) => rewrite(f.file('subject-1.log'), (t) => `${t}!`), /subject-1\.log was changed/],
    ['the output of an instance that was not', (f) => writeFileSync(f.file('subject-2.log'), ''), /subject-2\.log was changed/],
    ['the output of the subject, gone', (f) => rmSync(f.file('subject.log')), /subject\.log was changed/],
  ])('%s', async (_, change, message) => {
    const folder = await recorded({
      plays: [
        ['ID-01', PERFECT],
        ['BV-01', PERFECT],
      ],
      log: 'ready\n',
    });
    expect(judge(folder).exitCode).toBe(0);
    change(folder);
    expect(() => openRun(folder)).toThrow(message);
    expect(() => judge(folder)).toThrow(EvidenceError);
  });
});
