import { describe, expect, it } from 'vitest';
import type { JournalEvent } from '#simulators';
import { appointment, contactOf, patient, visitOf } from '../testing/by-hand.ts';
import { JournalBuilder } from '../testing/journal-builder.ts';
import { evidenceOf } from '../testing/setting.ts';
import { Behind, latencySamples, summarise } from './latency.ts';

const COHORT = 'load/epic';
const MS = 1000;
const mrn = (n: number): string => String(1_000_000_000_000 + n);
const person = (n: number) => patient(mrn(n), 'Begahutogamuw');

/** A literal history: the CRM rows of person n are those of the n-th Contact. */
class History extends JournalBuilder {
  constructor() {
    super(COHORT);
  }

  /** A registration that a script offered; on time, unless told when it was due. */
  arrive(n: number, index: number, due?: number): JournalEvent {
    const now = Date.parse('2026-03-02T12:00:00Z') + Math.floor((this.micros + 1) / MS);
    const offer = { schedule: 'steady', index, due: due ?? now };
    return this.ehr('register', 'Patient', `p${n}`, person(n), { data: { offer } });
  }

  /** The subject brings the CRM to what the EHR holds now. */
  sync(n: number): JournalEvent {
    return this.crm('Contact', `003${n}`, contactOf(this.image('Patient', `p${n}`)));
  }

  samples() {
    return latencySamples(evidenceOf(this), COHORT, { end: this.micros });
  }
}

const outcomes = (b: History) =>
  b.samples().map(({ record, version, outcome, micros }) => [record.slice(9), version, outcome, micros]);

describe('from commit to CRM', () => {
  it('runs to the first instant at which the CRM is as the map asks', () => {
    const b = new History();
    b.register('p1', person(1));
    b.wait(40).crm('Contact', '0031', { ...contactOf(person(1)), MobilePhone: null });
    b.wait(60);
    b.sync(1);
    b.wait(500).crm('Contact', '0031', { MobilePhone: null });
    expect(outcomes(b)).toEqual([['Patient/p1', 1, 'visible', 100 * MS + 2]]);
  });

  it('waits for the row that an appointment hangs on', () => {
    const b = new History();
    b.register('p1', person(1));
    b.book('a1', appointment('20000001', 'p1'));
    b.wait(10).crm('Contact', '0031', { LastName: `Hale-Begahutogamuw` });
    b.wait(10).crm('Appointment__c', 'a011', visitOf(b.image('Appointment', 'a1'), '0031'));
    b.wait(10);
    b.sync(1);
    expect(outcomes(b)).toEqual([
      ['Patient/p1', 1, 'visible', 30 * MS + 4],
      ['Appointment/a1', 1, 'visible', 30 * MS + 3],
    ]);
  });

  it('counts a version that was overtaken apart, with the time until the later one showed', () => {
    const b = new History();
    b.register('p1', person(1));
    b.wait(100).ehr('update', 'Patient', 'p1', { gender: 'male' });
    b.wait(100);
    b.sync(1);
    b.wait(100).ehr('update', 'Patient', 'p1', { gender: 'other' });
    expect(outcomes(b)).toEqual([
      ['Patient/p1', 1, 'superseded', 200 * MS + 2],
      ['Patient/p1', 2, 'visible', 100 * MS + 1],
      ['Patient/p1', 3, 'never', 0],
    ]);
  });

  it('says who is behind, looking only at what changed, and no longer than it may', () => {
    const b = new History();
    for (let n = 0; n < 3; n++) b.register(`p${n}`, person(n));
    b.sync(0);
    const evidence = evidenceOf(b);
    b.listener = (event) => evidence.facts.ingest(event);
    let micros = 0;
    const behind = new Behind(evidence, COHORT, { micros: () => micros });
    const left = ({ keys }: Behind) => keys.map((key) => key.replace('ehr/epic/Patient/', ''));
    expect(behind.look(1)).toEqual({ behind: 2, unseen: 0 });
    expect(left(behind)).toEqual(['p1', 'p2']);
    b.sync(1);
    b.ehr('update', 'Patient', 'p0', { gender: 'other' });
    expect(behind.look(1)).toEqual({ behind: 2, unseen: 0 });
    expect(left(behind)).toEqual(['p2', 'p0']);
    // A clock on which each record takes longer than the look may.
    const slow = new Behind(evidence, COHORT, { micros: () => (micros += 2000) });
    expect(slow.look(1)).toEqual({ behind: 1, unseen: 2 });
    expect(slow.look(1)).toEqual({ behind: 1, unseen: 1 });
    b.crm('Contact', '003p2', { ...contactOf(person(2)) });
    slow.again();
    expect([1, 2, 3].map(() => slow.look(1))).toEqual([
      { behind: 0, unseen: 2 },
      { behind: 1, unseen: 1 },
      { behind: 1, unseen: 0 },
    ]);
    expect(left(slow)).toEqual(['p0']);
  });

  it('never drops what never showed: it was waited for so long, and takes the last ranks', () => {
    const b = new History();
    for (let n = 0; n < 100; n++) b.register(`p${n}`, person(n));
    b.wait(50);
    for (let n = 0; n < 98; n++) b.sync(n);
    b.wait(5000).add({ sim: 'judge', kind: 'run' });
    const summary = summarise(b.samples());
    expect(summary).toMatchObject({ samples: 100, never: 2, superseded: 0, p95: { micros: expect.any(Number) } });
    expect(summary.p95?.atLeast).toBeUndefined();
    expect(summary.p99).toMatchObject({ atLeast: true });
    expect(summary.p99!.micros).toBeGreaterThan(5000 * MS);
  });

  it('takes no sample of what asked for nothing new, nor of what the subject wrote', () => {
    const b = new History();
    b.register('p1', person(1));
    b.sync(1);
    b.wait(10).ehr('update', 'Patient', 'p1', { maritalStatus: { text: 'Married' } });
    b.wait(10).ehr('update-person', 'Patient', 'p1', { communication: [] }, { actor: 'link:SYNC' });
    expect(outcomes(b).map(([, version, outcome]) => [version, outcome])).toEqual([
      [1, 'visible'],
      [2, 'unchanged'],
    ]);
    expect(summarise(b.samples())).toMatchObject({ samples: 1, unchanged: 1 });
  });

  it('is behind while a duplicate is stale', () => {
    const b = new History();
    b.register('p1', person(1));
    b.sync(1);
    b.crm('Contact', '0032', contactOf(person(1)));
    b.wait(10).ehr('update', 'Patient', 'p1', { gender: 'male' });
    b.wait(10);
    b.sync(1);
    expect(outcomes(b).map(([, version, outcome]) => [version, outcome])).toEqual([
      [1, 'visible'],
      [2, 'never'],
    ]);
  });

  it('starts when a commit was due, however late it was made', () => {
    const b = new History();
    const due = Date.parse('2026-03-02T12:00:01Z');
    b.wait(300);
    b.arrive(1, 0, due);
    b.wait(50);
    b.sync(1);
    const [sample] = b.samples();
    expect([sample!.committedAt - sample!.dueAt, sample!.micros]).toEqual([300 * MS, 350 * MS + 1]);
    expect([sample!.schedule, sample!.index]).toEqual(['steady', 0]);
  });
});

/** A constant rate of ten a second against a subject that works one change at a time, `delay` ms after it came. */
function rate(count: number, delay: number, stopped?: { from: number; ms: number }): History {
  const b = new History();
  const due = (n: number): number => n * 100;
  const done = (n: number): number => {
    const ready = due(n) + delay;
    return stopped && ready >= stopped.from && ready < stopped.from + stopped.ms ? stopped.from + stopped.ms + delay : ready;
  };
  const steps = Array.from({ length: count }, (_, n) => [
    { ms: due(n), run: () => b.arrive(n, n) },
    { ms: done(n), run: () => b.sync(n) },
  ]).flat();
  for (const { ms, run } of steps.sort((x, y) => x.ms - y.ms)) {
    b.micros = 1_000_000 + ms * MS - 1;
    run();
  }
  return b;
}

describe('the numbers do not lie', () => {
  it('a fixed delay of 200 ms moves every percentile by just that', () => {
    const [plain, delayed] = [summarise(rate(100, 30).samples()), summarise(rate(100, 230).samples())];
    for (const at of ['p50', 'p95', 'p99', 'max'] as const) expect(delayed[at]!.micros - plain[at]!.micros).toBe(200 * MS);
    expect(plain.p50).toEqual({ micros: 30 * MS });
  });

  it('a subject that stops for six seconds shows in p99 with all that came due meanwhile', () => {
    const summary = summarise(rate(200, 30, { from: 5000, ms: 6000 }).samples());
    expect(summary.p50!.micros).toBe(30 * MS);
    expect(summary.p95!.micros).toBeGreaterThan(4500 * MS);
    expect(summary.p99!.micros).toBeGreaterThan(5700 * MS);
    expect(summary.max!.micros).toBeLessThanOrEqual(6060 * MS);
  });
});
