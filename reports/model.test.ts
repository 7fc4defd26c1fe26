import { describe, expect, it } from 'vitest';
import type { CheckResult } from '#conformance';
import { JournalIndex, type Story, sandboxFacts, story } from './model.ts';
import { checkOf, Scribe, sampleEvents, sampleResult } from './sample.ts';
import { sequenceLines, sequenceSvg, sequenceTable } from './sequence.ts';

const index = new JournalIndex(sampleEvents);
const told = (id: string): Story => story(sampleResult.checks.find((check) => check.id === id) as CheckResult, index);
const lines = (of: Story): string[] => sequenceLines(of).map((line) => `${line.role ?? ''}|${line.text.trim()}`);

/** The story of one failing check over a journal, given by its events' numbers. */
const failing = (scribe: Scribe, timeline: number[], evidence: number[]): Story => {
  const name = (seq: number): string => `sandbox:${seq}`;
  const finding = { verdict: 'fail' as const, reason: 'missing', message: 'nothing came', evidence: evidence.map(name) };
  return story(
    checkOf('ID-01', 't', { verdict: 'fail', reason: 'missing', findings: [finding], settled: [], timeline: timeline.map(name) }),
    new JournalIndex(scribe.events),
  );
};

describe('the story of a check', () => {
  it('tells in order what each side did, and marks the first violation', () => {
    expect(lines(told('DM-02'))).toEqual([
      'evidence|+0 ms  EHR epic: update Patient/eZoe…Hfw3 v2: telecom',
      '|+20 ms  MLLP epic → Sync: ADT^A08 #1002 → AA',
      '|+40 ms  Sync → CRM: PATCH upsert Contact',
      'violation|+42 ms  CRM: update Contact/0030…3AAA v2: MobilePhone',
      '|+44 ms  CRM → Sync: 204',
      '|+44 ms  Clock, faults, judge: settled: phone changed',
      '|+44 ms  Clock, faults, judge: failed: wrong-value',
    ]);
  });

  it('folds polls that showed nothing new, keeps the lost reply apart', () => {
    const text = lines(told('IP-04'));
    expect(text).toEqual(
      expect.arrayContaining([
        expect.stringContaining('… 13 polls that showed nothing new'),
        expect.stringContaining('CRM → Sync: no reply (reset)'),
        expect.stringContaining('CRM: fault: lost-reply'),
      ]),
    );
    expect(text.filter((line) => line.startsWith('violation'))).toEqual([expect.stringContaining('create Contact/0030…2AAA')]);
  });

  it('puts the violation at the verdict when what should have followed never came', () => {
    const scribe = new Scribe();
    const commit = scribe.add(0, 'ehr', 'commit', { tenant: 'epic', act: 'register', actor: 'user:clerk', records: [] });
    expect(lines(failing(scribe, [commit], [commit])).at(-1)).toBe('violation|+0 ms  Clock, faults, judge: failed: missing');
  });

  it('finds the other half of a call, and draws a message to the hospital the other way round', () => {
    const scribe = new Scribe();
    const reply = scribe.call(0, 'crm', 'GET query Contact /q', { status: 503 });
    const sent = scribe.add(10, 'hl7', 'message', {
      tenant: 'epic',
      data: { control: '7', type: 'ADT^A31', direction: 'in', text: 'MSH' },
    });
    scribe.add(12, 'hl7', 'ack', {
      tenant: 'epic',
      cause: sent,
      data: { control: '7', code: 'AE', outcome: 'error', direction: 'in' },
    });
    const { steps, lanes } = failing(scribe, [reply, sent], []);
    expect(steps.slice(0, 2).map((step) => [step.lane, step.to, step.text, step.tone])).toEqual([
      ['subject', 'crm', 'GET query Contact → 503', 'bad'],
      ['subject', 'link:epic', 'ADT^A31 #7 → AE (error)', 'bad'],
    ]);
    expect(lanes.map((lane) => lane.kind)).toEqual(['link', 'subject', 'crm', 'harness']);
  });

  it('stays readable when there are thousands of steps', () => {
    const scribe = new Scribe();
    const all = Array.from({ length: 2000 }, (_, i) =>
      scribe.call(i * 10, 'crm', `POST create Contact /c/${i}`, { status: 201 }),
    );
    const { steps } = failing(scribe, all, [all[1000] as number]);
    expect(steps.length).toBeLessThan(70);
    expect(steps.filter((step) => step.role === 'evidence')).toHaveLength(1);
    expect(steps.some((step) => /^… \d+ steps left out$/.test(step.text))).toBe(true);
  });

  it('survives events that are not in the journal', () => {
    expect(failing(new Scribe(), [99], [98]).steps).toHaveLength(1);
  });
});

describe('its picture and its table', () => {
  it('show the same rows', () => {
    const one = told('IP-04');
    expect(sequenceSvg(one, 'x').text.match(/<g class="row">/g)).toHaveLength(one.steps.length);
    expect(sequenceTable(one).text.match(/<tr/g)).toHaveLength(one.steps.length + 1);
  });

  it('keep every text inside the picture', () => {
    const scribe = new Scribe();
    const commit = scribe.add(0, 'crm', 'commit', { tenant: 'o', act: 'x'.repeat(400), records: [] });
    const svg = sequenceSvg(failing(scribe, [commit], []), 'x').text;
    for (const [, x, text] of svg.matchAll(/<text class="t [^"]*" x="(\d+)"[^>]*>([^<]*)</g)) {
      const half = ((text?.length ?? 0) * 6.9) / 2;
      expect(Number(x) - half).toBeGreaterThanOrEqual(90);
      expect(Number(x) + half).toBeLessThanOrEqual(1000);
    }
  });
});

it('counts what the sandbox saw', () => {
  const facts = Object.fromEntries(sandboxFacts(sampleEvents).map(({ name, value }) => [name, value]));
  expect(facts).toMatchObject({
    'EHR sites': 'epic',
    'HL7 messages': '2',
    'Calls to EHRs': '13',
    'Calls to the CRM': '4',
    'Faults hit': '1',
  });
});
