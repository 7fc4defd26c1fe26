import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { EventDraft } from '#simulators';
import type { CheckDefinition } from './check.ts';
import { CHECKS } from './checks/index.ts';
import { judge, openRun } from './judge.ts';
import { EvidenceError, RunFolder } from './run-folder.ts';
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
}

/** A run folder as `check` leaves it: one journal for the judge, one for each check played. */
async function recorded({
  plays = [['ID-01', PERFECT]],
  judged = manifest(),
  between = [],
  end = {},
  log,
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
  home.add({ ...run, data: { type: 'begin', id: folder.id, seed: '42', runKey: 'abc', checks, ...inputs } });
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
  if (log !== undefined) writeFileSync(folder.file('subject.log'), log);
  heard.home = home.events.length;
  const ended = { type: 'end', status: 'finished', output: folder.hashOf('subject.log'), heard, ...(end || {}) };
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
    [
      'TLS is off: told',
      { judged: { ...manifest([site({}, { tls: false })]), crm: { ...manifest().crm, tls: false } } },
      0,
      [/TLS is off for epic/, /TLS is off for the CRM/],
    ],
  ])('%s', async (_, plan, exitCode, warnings) => {
    const result = judge(await recorded(plan));
    expect(result.exitCode).toBe(exitCode);
    expect(result.warnings).toHaveLength(warnings.length);
    for (const [i, warning] of warnings.entries())
      expect(result.warnings[i]).toEqual(typeof warning === 'string' ? warning : expect.stringMatching(warning));
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
