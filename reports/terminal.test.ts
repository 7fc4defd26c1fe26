import { describe, expect, it } from 'vitest';
import type { CheckResult } from '#conformance';
import { checkWith, greenResult, invariantOf, resultOf, sampleEvents, sampleMap, sampleResult } from './sample.ts';
import { liveProgress, scorecard, wrap } from './terminal.ts';

const plain = { colour: false, width: 100 };

describe('scorecard', () => {
  const text = scorecard(sampleResult, { ...plain, events: sampleEvents, map: sampleMap });

  it('explains the first failure within one screen, and gives one line to each other', () => {
    const lines = text.split('\n');
    const from = lines.findIndex((line) => line.startsWith('✗ DM-02'));
    const to = lines.findIndex((line) => line.includes('Also failed'));
    expect(to - from).toBeLessThan(24);
    const explained = lines.slice(from, to).join('\n');
    for (const part of [
      'front desk',
      'fields.csv:9 Contact.MobilePhone',
      '+12125550199',
      '+12125550109',
      'done        update Patient (telecom)',
      'Contact.MobilePhone: owned by ehr, v2 PID-13[CP], by e164, when missing',
      '✗      +42 ms',
      'MobilePhone: +12125550143 → +12125550109',
      'calls a stranger',
      '--only DM-02 --seed 42 --run-key k7',
    ])
      expect(explained).toContain(part);
    expect(lines[to + 1]).toMatch(/✗ IP-04 {2}duplicate: /);
  });

  it('begins with what is basic: blockers, of them those of the lowest level, and what is known last', () => {
    const failing = (id: string, more: Partial<CheckResult>) =>
      checkWith(id, id, { verdict: 'fail', reason: 'x', message: 'y', evidence: [] }, more);
    const result = resultOf([
      failing('RF-03', { severity: 'm' }),
      failing('ID-01', { known: true }),
      failing('IP-04', { level: 2 }),
      failing('OW-01', { level: 1 }),
    ]);
    const order = [...scorecard(result, plain).matchAll(/^ *✗ ([A-Z]{2}-\d\d) (?!.*blocker {2}failed)/gm)].map(([, id]) => id);
    expect(order.slice(-4)).toEqual(['OW-01', 'IP-04', 'RF-03', 'ID-01']);
  });

  it('explains a broken invariant where no check failed, with the story of the check and a harm of its own', () => {
    const finding = sampleResult.checks.find(({ id }) => id === 'IP-04')!.findings[0]!;
    const checks = sampleResult.checks.map((check) => ({ ...check, verdict: 'pass' as const, findings: [] }));
    const broken = { ...invariantOf('G1', 'IP-04/epic', finding), harm: 'Reminders go out twice.' };
    const explained = scorecard(resultOf(checks, [broken]), { ...plain, events: sampleEvents }).split('\n\n');
    const block = explained.find((part) => part.startsWith('✗ G1 '))!;
    for (const part of ['people of IP-04/epic', 'done        register Patient', '✗', 'Reminders go out twice.', '--only IP-04'])
      expect(block).toContain(part);
  });

  it.each([60, 80, 100, 140])('fits %i columns', (width) => {
    const long = scorecard(sampleResult, { colour: false, width, events: sampleEvents })
      .split('\n')
      .filter((line) => [...line].length > Math.max(width, 66) && !/^ {2}(counts|score|coverage|seed) |^North/.test(line));
    expect(long).toEqual([]);
  });

  it('prints the seed first and last, the level as given, and what the exit code means', () => {
    expect(text.split('\n')[0]).toContain('seed 42');
    expect(text).toContain(`  ${sampleResult.level}\n`);
    expect(text).toMatch(/seed {7}42[\s\S]*exit 1: the sync does not meet the gate\n$/);
  });

  it('does not say that nothing failed where a gate was met beside a failure', () => {
    const gate = { asked: 'level=L1', met: 'yes' as const, lines: [{ asked: 'level=L1', met: 'yes' as const, saw: 'level 1' }] };
    const text = scorecard(resultOf(sampleResult.checks, [], { exitCode: 0, gate }), plain);
    expect(text).toMatch(/exit 0: the gate is met\n$/);
    expect(text).not.toContain('nothing failed');
  });

  it('is quiet when all is well, and never green when nothing was judged', () => {
    const green = scorecard(greenResult, plain);
    expect(green).toContain('18 of 18 checks passed');
    expect(green).not.toMatch(/Also failed|Could not be judged|harm/);
    expect(scorecard(resultOf([], [], { exitCode: 3 }), plain)).toContain('Nothing was judged');
  });

  it('has colour only when asked', () => {
    expect(text).not.toContain('\x1b');
    expect(scorecard(sampleResult, { colour: true })).toContain('\x1b[31m✗');
  });
});

describe('liveProgress', () => {
  const [first, second] = sampleResult.checks as [CheckResult, CheckResult];
  const run = (tty: boolean): string => {
    let out = '';
    const live = liveProgress((text) => (out += text), { tty, colour: false });
    live.started(first);
    live.started(second);
    live.finished(first);
    live.close();
    return out;
  };

  it('prints lines only, off a terminal', () => {
    const out = run(false);
    expect(out).not.toContain('\r');
    expect(out).not.toContain('\x1b');
    expect(out.split('\n')).toHaveLength(4);
    expect(out).toContain('✓ ID-01');
  });

  it('keeps one line of what is running, on a terminal, and takes it away', () => {
    const out = run(true);
    expect(out).toContain('2 running: ID-01 ID-02');
    expect(out.endsWith('1 running: ID-02\r\x1b[2K')).toBe(true);
  });
});

it('wraps at spaces', () => {
  expect(wrap('one two three four', 9)).toEqual(['one two', 'three', 'four']);
});
