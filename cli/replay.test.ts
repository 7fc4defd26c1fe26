import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseSchedule } from '#conformance';
import { replay } from './replay.ts';
import { blocks } from './testing/page.ts';
import { Workshop } from './testing/processes.ts';
import { UsageError } from './usage.ts';

const workshop = new Workshop();
const cwd = workshop.folder();
afterAll(() => workshop.tidy());

const HEAD = { v: 1, check: 'OR-03', site: 'epic', strategy: 'by hand', seed: '42', runKey: 'recorded', deadlineMs: 1200 };

const file = (name: string, value: unknown): string => {
  const path = join(cwd, name);
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value, null, 1));
  return path;
};
const lane = (...names: string[]) => ({
  name: 'merge 1',
  decisions: names.map((took) => ({ options: [took], took, why: 'chosen' })),
});

describe('a file that cannot be followed is refused with the line and the reason', () => {
  test.each<[string, () => string[], RegExp]>([
    ['none', () => [], /say which schedule: syncproof replay /],
    ['one that is not there', () => ['nowhere.json'], /nowhere\.json cannot be read: ENOENT/],
    ['no JSON', () => [file('cut.json', '{\n "v": 1,\n')], /cut\.json: line 3: this is not JSON/],
    [
      'a later version',
      () => [file('later.json', { ...HEAD, v: 2, lanes: [lane('x')] })],
      /later\.json: line 2: version 2 is not known here/,
    ],
    ['an unknown check', () => [file('check.json', { ...HEAD, check: 'ZZ-01', lanes: [lane('x')] })], /there is no check ZZ-01/],
    [
      'another site',
      () => [file('site.json', { ...HEAD, site: 'mars', lanes: [lane('x')] })],
      /the subject has no site mars; it has epic/,
    ],
    [
      'an unknown option',
      () => [file('fine.json', { ...HEAD, lanes: [lane('x')] }), '--hodl'],
      /there is no option --hodl; did you mean --hold\?/,
    ],
  ])('%s', async (_, args, says) => {
    const refused = await replay(args()).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(UsageError);
    expect((refused as Error).message).toMatch(says);
  });
});

describe('a schedule is followed against the reference sync', () => {
  test('the example of the docs, in its order, with other people: exit code 0', async () => {
    const [text = ''] = blocks('gates.md', 'json');
    const [late] = parseSchedule(text).lanes;
    const { code, out, err } = await workshop.run(['replay', file('schedule.json', text), '--out', 'runs'], { cwd });
    expect(out + err).toMatch(/^following 1 lanes of OR-03 at epic, seed 42, run key (?!example)\w+/);
    expect(out + err).toMatch(/^OR-03 pass \(explored: No violation in 1 schedules/m);
    expect(code).toBe(0);
    const report = /^Report: (.*)report\.html$/m.exec(out)![1]!;
    const kept = parseSchedule(readFileSync(join(cwd, report, 'schedules', 'OR-03-epic.json'), 'utf8'));
    expect(kept.lanes[0]!.decisions.slice(0, 4).map(({ took }) => took)).toEqual(late!.decisions.map(({ took }) => took));
  });

  test('a subject that takes another path: exit code 3, with what was expected and what was there', async () => {
    const other = lane('book new visit', 'crm delete Contact [loser] at before-commit #1');
    const { code, out } = await workshop.run(['replay', file('other.json', { ...HEAD, lanes: [other] }), '--out', 'runs'], {
      cwd,
    });
    expect(out).toMatch(
      /another path in lane "merge 1" at decision 2 of 2:\n {4}expected: crm delete Contact \[loser\] at before-commit #1\n {4}parked:(\n {6}.*)*move visit/,
    );
    expect(code).toBe(3);
  });
});
