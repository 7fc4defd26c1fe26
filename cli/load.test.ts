import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { LoadResult, Sample } from '#conformance';
import { findK6 } from '../scripts/k6.ts';
import { Workshop } from './testing/processes.ts';

const workshop = new Workshop();
afterAll(() => workshop.tidy());

describe.concurrent('load volume that cannot be: exit code 2, and why', () => {
  test.each<[args: string[], says: RegExp]>([
    [[], /say which scenario: syncproof load volume/],
    [['volum'], /there is no scenario volum; did you mean volume\?/],
    [['volume', 'soak'], /one scenario at a time: soak is one too many/],
    [['volume', '--rate', 'fast'], /--rate fast: must be commits a second, such as 20\/s/],
    [['volume', '--duration', '10'], /--duration 10: must be a time with its unit, such as 10s/],
    [['volume', '--people', '0'], /--people 0: must be a number of people, such as 50/],
    [['volume', '--site', 'north'], /--site north: must be a site of the manifest: epic/],
    [['volume', '--prepare', 'people.json'], /--prepare needs --sandbox/],
    [
      ['volume', '--prepare', 'people.json', '--sandbox', 'http://127.0.0.1:1'],
      /--sandbox: nothing answers at http:\/\/127.0.0.1:1/,
    ],
  ])('%j', async (args, says) => {
    const { code, err } = await workshop.run(['load', ...args], { cwd: workshop.folder() });
    expect(err).toMatch(says);
    expect(err).not.toMatch(/\n {4}at /);
    expect(code).toBe(2);
  });

  test('without k6: says how to get it, in one line, and starts nothing', async () => {
    const cwd = workshop.folder();
    const { code, out, err } = await workshop.run(['load', 'volume'], { cwd, env: { K6_BIN: '/nowhere/k6' } });
    expect([code, out]).toEqual([2, '']);
    expect(err.trimEnd()).toBe('syncproof load: K6_BIN is /nowhere/k6, which is not an executable file');
    expect(readdirSync(cwd)).toEqual([]);
  });
});

const found = await findK6({ build: false });
// On CI nothing may be left out: there it runs, and says what is missing.
const skip = !('path' in found) && process.env.CI !== 'true';
const why = 'path' in found ? '' : ` (not run: ${found.reason})`;

describe.skipIf(skip)(`load volume with k6 against the reference sync${why}`, () => {
  const result = (folder: string) =>
    JSON.parse(readFileSync(join(folder, 'latency.json'), 'utf8')) as LoadResult & { samples: Sample[] };
  const runFolder = (cwd: string): string => join(cwd, 'out', readdirSync(join(cwd, 'out'))[0]!);

  test('offers its target, loses nothing, and the journal gives the same numbers again', async () => {
    const cwd = workshop.folder();
    const args = ['load', 'volume', '--people', '10', '--rate', '10/s', '--duration', '2s', '--out', 'out'];
    const { code, out, err } = await workshop.run(args, { cwd });
    expect(code, `${out}${err}`).toBe(0);
    expect(out).toContain('nothing lost, nothing doubled, all as the map asks');
    const folder = runFolder(cwd);
    const { offered, offeredShare, latency, scheduleLag, samples } = result(folder);
    expect(offered.burst).toEqual({ target: 20, made: 20 });
    expect(offered.steady!.made).toBeGreaterThanOrEqual(20);
    expect(offeredShare).toBe(1);
    expect(latency.all).toMatchObject({ samples: 20 + offered.steady!.made, never: 0, unchanged: 0 });
    expect(latency.all!.p50!.micros).toBeGreaterThan(0);
    expect(scheduleLag.p50!.micros).toBeLessThan(2_000_000);
    expect(new Set(samples.map(({ act }) => act))).toEqual(new Set(['register', 'book', 'update', 'reschedule']));
    expect(samples.every(({ micros, dueAt, committedAt }) => micros > 0 && dueAt <= committedAt)).toBe(true);
    expect(JSON.parse(readFileSync(join(folder, 'k6-summary.json'), 'utf8'))).toMatchObject({
      exitCode: 0,
      metrics: { http_reqs: { values: { count: 20 + offered.steady!.made } } },
    });

    const before = readFileSync(join(folder, 'latency.json'), 'utf8');
    expect(await workshop.run(['judge', folder], { cwd })).toMatchObject({ code: 0 });
    rmSync(join(folder, 'latency.json'));
    expect(await workshop.run(['report', folder], { cwd })).toMatchObject({ code: 0 });
    expect(readFileSync(join(folder, 'latency.json'), 'utf8')).toBe(before);
  }, 60_000);

  test('stopped by its user: incomplete, with the evidence so far', async () => {
    const cwd = workshop.folder();
    const command = workshop.start(['load', 'volume', '--people', '5', '--duration', '60s', '--out', 'out'], { cwd });
    await command.says(/offering/);
    const { code, out } = await command.end('SIGINT');
    expect(out).toContain('exit 3');
    expect(code).toBe(3);
    expect(result(runFolder(cwd)).status).toBe('interrupted');
  }, 60_000);
});
