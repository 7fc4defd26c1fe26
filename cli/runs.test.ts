import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Comparison, RunResult } from '#conformance';
import { experienceOf } from './selection.ts';
import { Workshop } from './testing/processes.ts';

const MUTANT = fileURLToPath(new URL('../conformance/mutants/main.ts', import.meta.url));
const MANIFEST = fileURLToPath(new URL('../conformance/reference/syncproof.yaml', import.meta.url));
const workshop = new Workshop();
const root = workshop.folder();
const sync = (...args: string[]) => workshop.run(args, { cwd: root });
const latest = (): string => realpathSync(join(root, 'runs', 'latest'));
const resultOf = (run: string) => JSON.parse(readFileSync(join(run, 'result.json'), 'utf8')) as RunResult;
afterAll(() => workshop.tidy());

/** A run of a sync that puts appointments on the wrong day, with one replay; and of its failures alone. */
let bad: string;
let badAgain: string;

beforeAll(async () => {
  const manifest = readFileSync(MANIFEST, 'utf8')
    .replace('command: [node, main.ts]', `command: [node, ${MUTANT}, utc-day]`)
    .replace('  version: 0.1.0', '  version: 0.1.0\n  digest: sha256:1')
    .replace('map: ../../', `map: ${fileURLToPath(new URL('..', import.meta.url))}`);
  writeFileSync(join(root, 'syncproof.yaml'), manifest);
  const args = ['check', '--subject', 'syncproof.yaml', '--out', 'runs', '--replays', '1'];
  const first = await sync(...args, '--only', 'AP-07,ID-01', '--seed', '7');
  expect(first.code, `${first.out}${first.err}`).toBe(1);
  expect(first.out).toContain('AP-07 reproduced 1/1');
  bad = latest();
  const again = await sync(...args, '--only-failed', bad, '--replays', '0');
  expect(again.code, `${again.out}${again.err}`).toBe(1);
  badAgain = latest();
});

describe('what failed in a run', () => {
  test('is run again with the same seed and people, and nothing else is', () => {
    const [one, other] = [resultOf(bad), resultOf(badAgain)];
    expect(one.checks.map(({ id, verdict }) => [id, verdict])).toEqual([
      ['ID-01', 'pass'],
      ['AP-07', 'fail'],
    ]);
    expect(other.checks.map(({ id, verdict }) => [id, verdict])).toEqual([['AP-07', 'fail']]);
    expect([other.seed, other.runKey]).toEqual([one.seed, one.runKey]);
    expect(one.checks[1]!.reproduced).toEqual({ times: 1, of: 1, otherwise: [] });
  });

  test('tells the next run how long checks take and which fail', () => {
    const experience = experienceOf(join(root, 'runs'), 'reference-sync');
    expect(experience.get('AP-07')!.failures).toBe(2);
    expect(experience.get('ID-01')).toEqual({ ms: resultOf(bad).checks[0]!.durationMs, failures: 0 });
    expect(experienceOf(join(root, 'runs'), 'another').size).toBe(0);
    expect(experienceOf(join(root, 'nowhere'), 'reference-sync').size).toBe(0);
  });

  test('can be known: it is not counted as long as it is named, and its people with it', async () => {
    const baseline = join(root, 'known.yaml');
    const by = ['--run', bad, '--owner', 'Ada', '--expires', '2999-12-31', '--out', 'known.yaml'];
    expect((await sync('baseline', 'write', ...by)).out).toMatch(/2 broken invariants are not in it/);
    expect((await sync('judge', bad, '--baseline', baseline)).code).toBe(1);
    expect((await sync('baseline', 'write', ...by)).err).toContain('known.yaml is there already; --force writes over it');
    expect((await sync('baseline', 'write', ...by, '--force', '--invariants')).code).toBe(0);
    const { code, out } = await sync('judge', bad, '--baseline', baseline);
    expect(out).toMatch(/Known failures\n {4}AP-07 [^;]*fails as\s+known; Ada,\s+until 2999-12-31/);
    expect(out).toContain('exit 0: nothing failed but what is known');
    expect(code).toBe(0);
    // The folder tells of the run as it was.
    expect(resultOf(bad)).toMatchObject({ exitCode: 1 });
    expect(resultOf(bad)).not.toHaveProperty('baseline');
  });

  test('is the difference to a run in which it does not fail', async () => {
    const same = await sync('compare', bad, badAgain, '--json');
    const comparison = JSON.parse(same.out) as Comparison;
    expect([same.code, comparison.differs, comparison.onlyIn]).toEqual([0, false, [['ID-01'], []]]);
    const good = await sync('check', '--only', 'AP-07', '--out', 'runs', '--seed', '7');
    expect(good.code, `${good.out}${good.err}`).toBe(0);
    const { code, out } = await sync('compare', bad, latest());
    expect(out).toMatch(/AP-07 fail → pass \(wrong-value → as-required\)/);
    expect(out).toMatch(
      /The first field that differs: AP-07\/epic, Appointment 1: Appointment__c\.Local_Date__c: [-\d]+, not [-\d]+ → as the map asks/,
    );
    expect(out).toContain('run keys: ');
    expect(code).toBe(1);
    const nothing = await sync('check', '--only-failed', latest(), '--out', 'runs');
    expect([nothing.code, nothing.err]).toEqual([3, expect.stringContaining('nothing failed in')]);
  });
});
