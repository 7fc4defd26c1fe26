import { describe, expect, it } from 'vitest';
import type { Clock, JournalEvent } from '#simulators';
import type { Opened } from '../judge.ts';
import { settleTerms } from '../run.ts';
import type { Soak } from '../standing/soak.ts';
import { contactOf, patient } from '../testing/by-hand.ts';
import { JournalBuilder } from '../testing/journal-builder.ts';
import { evidenceOf, factsOf, MAP, manifest, site } from '../testing/setting.ts';
import { judgeLoad } from './load-result.ts';
import { type LoadTarget, untilShown } from './load-run.ts';
import { loadTallyOf } from './load-tally.ts';
import { soakOf } from './soak.ts';

const COHORT = 'load/epic';
const person = (n: number) => patient(String(1_000_000_000_000 + n), 'Begahutogamuw');

const TARGET: LoadTarget = {
  ...{ scenario: 'volume', site: 'epic', cohort: COHORT, schedules: { steady: 100 }, words: '100/s for 1s' },
  ...{ reads: [], residents: 0, subject: true, limits: {}, simulators: [] },
};

/** A run that was to offer 100 registrations, as the command line journals it. */
class Run extends JournalBuilder {
  constructor(limits: Record<string, string> = {}) {
    super(COHORT);
    const load = { ...TARGET, limits };
    this.add({ sim: 'judge', kind: 'run', data: { type: 'begin', load, checks: [] } });
    this.begin();
  }

  offer(count: number, synced = count): this {
    for (let index = 0; index < count; index++) {
      const due = Date.parse('2026-03-02T12:00:00Z') + this.micros / 1000;
      const data = { offer: { schedule: 'steady', index, due } };
      this.ehr('register', 'Patient', `p${index}`, person(index), { data });
      if (index < synced) this.wait(1).crm('Contact', `003${index}`, contactOf(person(index)));
    }
    return this;
  }

  over({ exitCode = 0, by = 'as-mapped', status = 'finished' } = {}): this {
    this.add({ sim: 'judge', kind: 'run', data: { type: 'script', script: { exitCode } } });
    if (status === 'finished') this.settled('end', by);
    this.add({ sim: 'judge', kind: 'run', data: { type: 'end', status } });
    return this;
  }

  opened(): Opened {
    const facts = factsOf(this);
    const header = { ...facts.run, id: 'r', seed: '1', runKey: 'k', map: 'm' } as unknown as Opened['header'];
    const load = loadTallyOf(this.events);
    return { facts, header, manifest: manifest(), map: MAP, events: [], load };
  }

  judge() {
    return judgeLoad(this.opened()).result;
  }
}

describe('what a load run comes to', () => {
  it.each<[what: string, run: Run, exitCode: number]>([
    ['all offered, all there', new Run().offer(100).over(), 0],
    ['98 of 100 offered: enough', new Run().offer(98).over(), 0],
    ['97 of 100 offered: void', new Run().offer(97).over(), 3],
    ['a threshold of k6 crossed', new Run().offer(100).over({ exitCode: 99 }), 0],
    ['k6 broke down', new Run().offer(100).over({ exitCode: 107 }), 5],
    ['one lost', new Run().offer(100, 99).over({ by: 'window' }), 1],
    ['one lost, and too few offered: still the subject', new Run().offer(90, 89).over({ by: 'window' }), 1],
    ['stopped while some were under way', new Run().offer(50, 40).over({ status: 'interrupted' }), 3],
    ['killed before k6 ended', new Run().offer(50), 3],
  ])('%s', (_what, run, exitCode) => {
    expect(run.judge().exitCode).toBe(exitCode);
  });

  it('counts what was lost and doubled, and what broke the promised window', () => {
    const run = new Run().offer(100, 99);
    run.crm('Contact', '003X', contactOf(person(0)));
    run.wait(4000).crm('Contact', '00399', { ...contactOf(person(99)), Sex__c: 'Male' });
    const { wrong, latency, late, invariants, settled } = run.over({ by: 'window' }).judge();
    expect(Object.entries(wrong).map(([name, { count }]) => [name, count])).toEqual([
      ['lost', 0],
      ['duplicated', 1],
      ['crossed', 0],
      ['stale', 1],
    ]);
    expect(latency.steady).toMatchObject({ samples: 100, never: 1 });
    expect(late).toBe(1);
    expect(invariants.filter(({ verdict }) => verdict === 'fail').map(({ id }) => id)).toEqual(['G1', 'G3', 'G5']);
    expect(settled?.by).toBe('window');
  });

  it('fails a run whose control API was called without the token', () => {
    const run = new Run().offer(100);
    run.add({ sim: 'control', kind: 'intruder' });
    expect(run.over().judge()).toMatchObject({ exitCode: 1, warnings: [expect.stringContaining('without its token')] });
  });

  it('reports the longest delay of the event loop since the first change was due', () => {
    const run = new Run();
    const lag = (maxMs: number) => run.add({ sim: 'kernel', kind: 'lag', data: { maxMs } });
    lag(500);
    run.wait(1).offer(100);
    for (const maxMs of [30, 90, 40]) lag(maxMs);
    expect(run.over().judge().loopDelayMs).toBe(90);
  });
});

describe('waiting until nothing more comes', () => {
  const terms = settleTerms(site(), manifest(), MAP);

  /** Waits on a clock that moves by itself; `later` happens that many ms after the wait began. */
  async function wait(run: Run, later: Record<number, (run: Run) => JournalEvent> = {}, signal?: AbortSignal) {
    const from = run.micros;
    const evidence = evidenceOf(run);
    run.listener = (event) => evidence.facts.ingest(event);
    const due = Object.entries(later).map(([ms, act]) => ({ at: from + Number(ms) * 1000, act }));
    const clock = {
      micros: () => run.micros,
      async sleep(ms: number) {
        const end = run.micros + ms * 1000;
        while (due[0] && due[0].at <= end) {
          run.micros = Math.max(run.micros, due[0].at);
          due.shift()!.act(run);
        }
        run.micros = end;
      },
    } as unknown as Clock;
    return untilShown(evidence, COHORT, terms, clock, signal);
  }

  it('ends soon after all is shown and stands still', async () => {
    expect(await wait(new Run().offer(3))).toMatchObject({ by: 'as-mapped', waitedMs: 1000, owed: [] });
  });

  it('goes on while a subject that is behind makes way, for longer than one window', async () => {
    const catchUp = (n: number) => (run: Run) => run.crm('Contact', `003${n}`, contactOf(person(n)));
    const run = new Run().offer(3, 0);
    expect(await wait(run, { 2000: catchUp(0), 4500: catchUp(1), 7000: catchUp(2) })).toMatchObject({
      by: 'as-mapped',
      waitedMs: 8250,
    });
  });

  it('gives up what is behind once a window has gone by in silence', async () => {
    expect(await wait(new Run().offer(2, 1))).toMatchObject({ by: 'window', waitedMs: 3000, owed: ['ehr/epic/Patient/p1'] });
  });

  it('waits no longer than four windows for a state that never stands still', async () => {
    const echo = Object.fromEntries(
      Array.from({ length: 30 }, (_, n) => [
        n * 500,
        (run: Run) => run.crm('Contact', '0030', { HomePhone: `+1212555010${n % 10}` }),
      ]),
    );
    const run = new Run().offer(1);
    run.ehr('update', 'Patient', 'p0', { telecom: null });
    run.crm('Contact', '0030', { ...contactOf({ ...person(0), telecom: [] }) });
    const { by, waitedMs } = await wait(run, echo);
    expect([by, waitedMs]).toEqual(['window', 12_000]);
  });

  it('ends at once when its user stops it', async () => {
    expect(await wait(new Run().offer(1, 0), {}, AbortSignal.abort())).toMatchObject({ by: 'interrupted', waitedMs: 0 });
  });
});

describe('as the soak of a level', () => {
  const soak = (run: Run) => soakOf(run.opened(), { 'sandbox.jsonl': 'ab' });
  it('says for how long changes came, how far apart, how many, and the evidence that it rests on', () => {
    const run = new Run().offer(50).wait(20_000).offer(50);
    expect(soak(run.over())).toMatchObject({
      ...{ run: 'r', map: 'm', subject: { name: 'subject' }, gapMs: 20_001, changes: 100, exitCode: 0, why: [] },
      ...{ seals: { 'sandbox.jsonl': 'ab' }, forMs: expect.any(Number) },
    });
    expect(soak(run).forMs).toBeGreaterThan(20_000);
  });

  it.each<[string, Run, Partial<Soak>]>([
    ['what was wrong', new Run().offer(100, 99).over({ by: 'window' }), { exitCode: 1, why: ['1 lost'] }],
    ['why it is void', new Run().offer(90).over(), { exitCode: 3, why: [expect.stringMatching(/^90 % of the target/)] }],
    [
      'a limit that was missed',
      new Run({ p99: '1ms' }).offer(100).over(),
      { exitCode: 1, why: [expect.stringMatching(/^p99 /)] },
    ],
    ['nothing, where none was offered', new Run().over(), { changes: 0, forMs: 0 }],
  ])('says %s', (_, run, expected) => expect(soak(run)).toMatchObject(expected));
});
