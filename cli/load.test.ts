import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import type { LoadResult, Sample } from '#conformance';
import { findK6 } from '../scripts/k6.ts';
import { REFERENCE_MANIFEST } from './bring-up.ts';
import { load } from './load.ts';
import { Workshop } from './testing/processes.ts';
import { UsageError } from './usage.ts';

const workshop = new Workshop();
afterAll(() => workshop.tidy());

/** A program that takes the place of k6. */
function standIn(script: string): string {
  const file = join(workshop.folder(), 'k6');
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

describe('a load that cannot be is refused in a line', () => {
  test.each<[args: string[], says: RegExp]>([
    [[], /^say which scenario: syncproof load smoke\|volume\|steady/],
    [['volum'], /^there is no scenario volum; did you mean volume\?/],
    [['volume', 'soak'], /^one scenario at a time: soak is one too many/],
    [['volume', '--rate', 'fast'], /^--rate fast: must be offers a second, such as 20\/s/],
    [['volume', '--duration', '10'], /^--duration 10: must be a time with its unit, such as 10s/],
    [['volume', '--people', '0'], /^--people 0: must be a number of people, such as 50/],
    [['outage', '--set', 'away'], /^--set away: must be NAME=VALUE/],
    [['volume', '--limit', 'p98=1s'], /^--limit there is no limit p98; there are: p50, p95, p99/],
    [['volume', '--limit', 'p99=soon'], /^--limit p99=soon: must be a time with its unit/],
    [['volume', '--limit', 'never=few'], /^--limit never=few: must be a number/],
    [['volume', '--site', 'north'], /^--site north: must be a site of the manifest: epic/],
    [['volume', '--prepare', 'people'], /^--prepare needs --sandbox/],
  ])('%j', async (args, says) => {
    const refused = await load(args).catch((error: Error) => error);
    expect(refused).toBeInstanceOf(UsageError);
    expect((refused as Error).message).toMatch(says);
  });

  test.each<[what: string, k6: () => string, says: string]>([
    ['no k6', () => '/nowhere/k6', 'K6_BIN is /nowhere/k6, which is not an executable file'],
    [
      'an old k6',
      () => standIn('echo "k6 v0.49.0 (go1.21, linux/amd64)"'),
      'is k6 v0.49.0; the scenarios are written for k6 2.x',
    ],
    ['something else', () => standIn('echo hello'), 'does not say which version of k6 it is: is it k6?'],
    ['a k6 that breaks', () => standIn('exit 1'), 'does not say which version of k6 it is: is it k6?'],
  ])('%s: exit code 2, how to get it, and nothing is started', async (_what, k6, says) => {
    vi.stubEnv('K6_BIN', k6());
    const out = join(workshop.folder(), 'out');
    const errors = vi.spyOn(console, 'error').mockImplementation(() => {});
    expect(await load(['volume', '--out', out])).toBe(2);
    expect(errors.mock.calls).toEqual([[expect.stringContaining(says)]]);
    expect(existsSync(out)).toBe(false);
  });
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const found = await findK6({ build: false });
// On CI nothing may be left out: there it runs, and says what is missing.
const skip = !('path' in found) && process.env.CI !== 'true';
const why = 'path' in found ? '' : ` (not run: ${found.reason})`;

// A machine that runs all tests is slow at times: how slow is not what is asked here.
const UNHURRIED = ['--limit', 'p99=60s'];
const TIMEOUT = 90_000;

describe.skipIf(skip)(`with k6${why}`, () => {
  const result = (folder: string) => JSON.parse(readFileSync(join(folder, 'load.json'), 'utf8')) as LoadResult;
  const samplesOf = (folder: string) =>
    readFileSync(join(folder, 'samples.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Sample);
  const runFolder = (cwd: string): string => join(cwd, 'out', readdirSync(join(cwd, 'out'))[0]!);
  const command = (cwd: string, ...args: string[]) =>
    workshop.run(['load', ...args, ...UNHURRIED, '--out', 'out'], { cwd, timeoutMs: TIMEOUT });

  test('offers its target, loses nothing, and the journal gives the same numbers again', { timeout: TIMEOUT }, async () => {
    const cwd = workshop.folder();
    const { code, out, err } = await command(cwd, 'volume', '--people', '10', '--rate', '10/s', '--duration', '2s');
    expect(code, `${out}${err}`).toBe(0);
    expect(out).toContain('nothing lost, nothing doubled, all as the map asks');
    const folder = runFolder(cwd);
    const samples = samplesOf(folder);
    const { offered, offeredShare, latency, scheduleLag, series, usage, simulatorShare, wrong, limits } = result(folder);
    expect(offered.burst).toEqual({ target: 20, made: 20 });
    expect(offered.steady!.made).toBeGreaterThanOrEqual(19);
    expect(offeredShare).toBe(1);
    expect(latency.all).toMatchObject({ samples: 20 + offered.steady!.made, never: 0, unchanged: 0 });
    expect(latency.all!.p50!.micros).toBeGreaterThan(0);
    expect(scheduleLag.p50!.micros).toBeGreaterThanOrEqual(0);
    expect(new Set(samples.map(({ act }) => act))).toEqual(new Set(['register', 'book', 'update', 'reschedule']));
    expect(samples.every(({ micros, dueAt, committedAt }) => micros > 0 && dueAt <= committedAt)).toBe(true);
    expect(series.reduce((sum, { shown }) => sum + shown, 0)).toBe(latency.all!.samples);
    expect(Object.values(wrong).map(({ count }) => count)).toEqual([0, 0, 0, 0]);
    expect(limits).toMatchObject([{ name: 'p99', limit: '60s', met: true }]);
    if (process.platform === 'linux') {
      expect(Object.keys(usage).sort()).toEqual(['crm', 'epic', 'judge', 'k6', 'subject']);
      expect(usage.subject!.cpuMs).toBeGreaterThan(0);
      expect(simulatorShare).toBeGreaterThan(0);
    }
    expect(JSON.parse(readFileSync(join(folder, 'k6-summary.json'), 'utf8'))).toMatchObject({
      exitCode: 0,
      metrics: { offers: { values: { count: 20 + offered.steady!.made } } },
    });
    // What was prepared stands in the journal: it is not kept twice.
    expect(existsSync(join(folder, 'offers'))).toBe(false);
    const page = readFileSync(join(folder, 'load.html'), 'utf8');
    for (const plot of ['latency', 'offered', 'backlog', 'staleness', 'processor', 'memory'])
      expect(page).toContain(`id="${plot}"`);

    const before = readFileSync(join(folder, 'load.json'), 'utf8');
    expect(await workshop.run(['judge', folder], { cwd })).toMatchObject({ code: 0 });
    rmSync(join(folder, 'load.json'));
    expect(await workshop.run(['report', folder], { cwd })).toMatchObject({ code: 0 });
    expect(readFileSync(join(folder, 'load.json'), 'utf8')).toBe(before);
  });

  test('a limit that cannot be met: exit code 1, and everything measured', { timeout: TIMEOUT }, async () => {
    const cwd = workshop.folder();
    const args = ['smoke', '--people', '2', '--duration', '1s', '--limit', 'p99=1ms', '--limit', 'never=0', '--out', 'out'];
    const { code, out } = await workshop.run(['load', ...args], { cwd, timeoutMs: TIMEOUT });
    expect(out).toMatch(/limit p99 +1ms: missed, /);
    expect(out).toMatch(/limit never +0: met, 0/);
    // As tight a limit as that makes any pause of the sandbox count.
    expect([1, 3]).toContain(code);
    expect(result(runFolder(cwd)).limits.map(({ name, met }) => [name, met])).toEqual([
      ['p99', false],
      ['never', true],
    ]);
  });

  test('a setting that the scenario refuses is told in its own words', { timeout: TIMEOUT }, async () => {
    const cwd = workshop.folder();
    const { code, err } = await command(cwd, 'outage', '--set', 'AWAY=nobody');
    expect([code, err.trimEnd()]).toEqual([
      2,
      expect.stringContaining('k6 cannot read the scenario outage: Error: AWAY is nobody: it must be crm or ehr'),
    ]);
    expect(readdirSync(cwd)).toEqual([]);
  });

  test('an initial load needs a sync that can find who is there', { timeout: TIMEOUT }, async () => {
    const { code, err } = await command(workshop.folder(), 'initial-load', '--subject', REFERENCE_MANIFEST);
    expect(err).toContain('the subject cannot find anybody who is at epic before it starts');
    expect(code).toBe(2);
  });

  test('a subject that dies in mid-load: broken off, with when, and what was measured until then', {
    timeout: TIMEOUT,
  }, async () => {
    const cwd = workshop.folder();
    const reference = fileURLToPath(new URL('../conformance/reference/', import.meta.url));
    const manifest = readFileSync(join(reference, 'load.yaml'), 'utf8')
      .replace('[node, main.ts]', '[node, dies.mjs]')
      .replace('../../fixtures', join(reference, '../../fixtures'));
    writeFileSync(join(cwd, 'syncproof.yaml'), manifest);
    // It listens, and when it has heard of some it is gone.
    const dies = `import { createServer } from 'node:net';
const [host, port] = process.env.SYNCPROOF_EPIC_MLLP_BIND.split(':');
let heard = 0;
createServer((socket) => socket.on('data', () => ++heard === 3 && process.exit(7))).listen(Number(port), host);`;
    writeFileSync(join(cwd, 'dies.mjs'), dies);
    const { code, out } = await command(cwd, 'steady', '--subject', 'syncproof.yaml', '--people', '10', '--duration', '60s');
    expect(out).toMatch(/the subject ended by itself with exit code 7: the load is broken off/);
    expect(out).toMatch(/warning +the subject ended by itself with exit code 7, \d+\.\d s after it was ready/);
    expect(code).toBe(1);
    const { status, offeredShare, latency } = result(runFolder(cwd));
    expect(status).toBe('finished');
    expect(offeredShare).toBeLessThan(1);
    expect(latency.all!.never).toBeGreaterThan(0);
  });

  test('stopped by its user: incomplete, with the evidence so far', { timeout: TIMEOUT }, async () => {
    const cwd = workshop.folder();
    const running = workshop.start(['load', 'volume', '--people', '5', '--duration', '60s', '--out', 'out'], {
      cwd,
      timeoutMs: TIMEOUT,
    });
    await running.says(/offering/);
    const { code, out } = await running.end('SIGINT');
    expect(out).toContain('exit 3');
    expect(code).toBe(3);
    expect(result(runFolder(cwd)).status).toBe('interrupted');
  });
});
