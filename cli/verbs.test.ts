import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { CAPABILITIES, CHECKS, MUTANTS, STACKS } from '#conformance';
import { VENDORS } from '#ehr';
import { KERNEL_FAULTS } from '#kernel';
import { loadStories } from '#scenarios';
import { REGISTRIES } from './list.ts';
import { Workshop } from './testing/processes.ts';

const workshop = new Workshop();
const anywhere = workshop.folder();
const run = (...args: string[]) => workshop.run(args, { cwd: anywhere });
afterAll(() => workshop.tidy());

const VERBS = [
  'check',
  'up',
  'init',
  'doctor',
  'judge',
  'report',
  'replay',
  'baseline',
  'compare',
  'list',
  'load',
  'matrix',
  'docs',
];

describe.concurrent('help', () => {
  test('names every verb', async () => {
    const { code, out } = await run('--help');
    expect(code).toBe(0);
    for (const verb of VERBS) expect(out).toMatch(new RegExp(`^  ${verb} +\\w`, 'm'));
    expect(await run()).toMatchObject({ code: 2, out });
  });

  test.each(VERBS)('of %s says how to call it', async (verb) => {
    const { code, out, err } = await run(verb, '--help');
    expect(out).toMatch(new RegExp(`^syncproof ${verb}\\b`));
    expect([code, err]).toEqual([0, '']);
  });
});

describe.concurrent('what there is not: exit code 2, with the nearest name or all there are', () => {
  test.each<[args: string[], says: RegExp]>([
    [['chekc'], /there is no verb "chekc"; did you mean check\? There are: check, up, init, /],
    [['toString'], /there is no verb "toString"; there are: check, /],
    [['check', '--onyl', 'ID-01'], /there is no option --onyl; did you mean --only\? There are: --subject, --only, /],
    [['check', '--only'], /'--only <value>' argument missing/],
    [['check', 'ID-01'], /Unexpected argument 'ID-01'/],
    [
      ['check', '--only', 'ID-1'],
      /--only id-1: no check or group is called so; did you mean ID-01\? There are: go-live, identity, .*ID-01, /,
    ],
    [['check', '--only', 'volumes'], /did you mean volume\?/],
    [['list', 'fautls'], /there is no list of fautls; did you mean faults\? There are: checks, faults, /],
    [['list'], /say which: syncproof list checks\|faults\|/],
    [['up', 'epik'], /there is no part called "epik"; did you mean epic\? There are: crm, epic, /],
    [['up', '--port', 'crn=4040'], /--port crn=…: no such part; did you mean crm\?/],
    [['up', '--port', 'crm=https'], /--port crm= takes a whole number up to 65533, not "https"/],
    [['up', '--site', 'name=x,vendr=epic'], /--site name=x,vendr=epic: there is no "vendr"; did you mean vendor\?/],
    [['up', '--site', 'name=x,vendor=epic'], /--site name=x,vendor=epic: lacks authority, time_zone/],
    [['up', '--site', 'name=x,vendor=epik,authority=1.2,time_zone=UTC'], /there is no such vendor; did you mean epic\?/],
    [['up', '--people', 'some'], /--people takes a whole number, not "some"/],
    [['up', '--follow', 'epic'], /--follow takes NAME=VALUE, not "epic"/],
    [['up', 'epic-hl7'], /the links of epic need its site in this process, or --follow epic=/],
    [
      ['up', 'crm', '--host', '0.0.0.0', '--control-port', '0', '--port', 'crm=0'],
      /the control API needs a token \(--control-token\)/,
    ],
    [['init', '--for', 'pyhton'], /--for pyhton: no such stack; did you mean python\? There are: /],
    [['doctor', '--subjcet', 'x'], /there is no option --subjcet; did you mean --subject\?/],
    [['judge', '--fast'], /there is no option --fast/],
    [['check', '--gate', 'levle=L1'], /--gate: there is no "levle"; did you mean level\?/],
    [['check', '--gate', 'level=L2'], /--gate: level=L2: it needs --size full; L2-ci asks for its checks in this size/],
    [['check', '--gate', 'level=L1', '--only', 'ID-01'], /a level needs every check, and \d+ are left out/],
    [['check', '--gate', 'regressions=0'], /say against which run: --against FOLDER/],
    [['check', '--against', 'nowhere'], /--against nowhere: there is no such run folder or result\.json/],
    [['check', '--edition', '2027.11'], /--edition: there is no edition "2027\.11"; did you mean 2027\.1\?/],
    [['compare', 'one'], /say which two: syncproof compare RUN RUN/],
    [['compare', 'one', 'other'], /one is not a run folder/],
    [['check', '--only-failed', 'nowhere'], /nowhere is not a run folder/],
    [['check', '--only', 'ID-01', '--budget', 'soon'], /--budget takes a time such as 10m, not "soon"/],
    [['check', '--only', 'ID-01', '--replays', 'often'], /--replays takes a whole number up to 100, not "often"/],
    [['baseline'], /say what to do; there are: write/],
    [['baseline', 'wirte'], /there is no "wirte"; did you mean write\?/],
    [['baseline', 'write', '--expires', '2027-01-31'], /--owner NAME is missing/],
    [['baseline', 'write', '--owner', 'Ada'], /--expires DAY is missing/],
    [['baseline', 'write', '--owner', 'Ada', '--expires', '31.1.'], /"31\.1\." is no day; write a day that exists/],
    [['baseline', 'write', '--owner', 'Ada', '--expires', '2027-01-31'], /is not a run folder/],
    [['check', '--baseline', 'nix.yaml'], /--baseline nix\.yaml cannot be read \(ENOENT\)/],
    [['matrix', '--only', 'nobody'], /--only nobody: no mutant is called so/],
  ])('%j', async (args, says) => {
    const { code, err } = await run(...args);
    expect(err).toMatch(says);
    expect(err).not.toMatch(/\n {4}at /);
    expect(code).toBe(2);
  });
});

describe.concurrent('list', () => {
  const known: Record<string, readonly string[]> = {
    checks: CHECKS.map(({ id }) => id),
    faults: KERNEL_FAULTS.map(({ name }) => name),
    vendors: VENDORS.map(({ id }) => id),
    stories: loadStories().map(({ name }) => name),
    mutants: MUTANTS.map(({ id }) => id),
    capabilities: Object.keys(CAPABILITIES),
  };

  test('has every registry', () => expect(Object.keys(REGISTRIES)).toEqual(expect.arrayContaining(Object.keys(known))));

  test.each(Object.keys(REGISTRIES))('%s: a line for each, after the head', async (registry) => {
    const { code, out } = await run('list', registry);
    const first = out
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ')[0]!);
    const { head, rows } = REGISTRIES[registry]!;
    expect(first).toEqual([head[0], ...rows().map(([id]) => id)].map((word) => word!.split(' ')[0]));
    expect(first.slice(1)).toEqual(expect.arrayContaining([...(known[registry] ?? [])]));
    expect(first.length).toBeGreaterThan(1);
    expect(code).toBe(0);
  });
});

describe.concurrent('check without a run', () => {
  test.each(['--list', '--dry-run'])('%s prints how long, how far and which, and starts nothing', async (flag) => {
    const cwd = workshop.folder();
    const { code, out, err } = await workshop.run(['check', flag, '--only', 'go-live'], { cwd });
    const [first, ...lines] = out.trimEnd().split('\n');
    expect(first).toMatch(/^About \d+s\. \d+ of \d+ checks apply\. A selection awards no level\.$/);
    const goLive = CHECKS.filter((check) => check.goLive);
    expect(lines.map((line) => line.replace(/ {3}\(not applicable: .*\)$/, ''))).toEqual(
      goLive.map(({ id, title }) => `  ${id.padEnd(6)} ${title}`),
    );
    expect([code, err]).toEqual([0, '']);
    expect(readdirSync(cwd)).toEqual([]);
  });
});

describe.concurrent('init, then doctor', () => {
  test.each(STACKS)('for %s: what it writes has no mistakes but the command that is not there yet', async (stack) => {
    const cwd = workshop.folder();
    const made = await workshop.run(['init', '--for', stack], { cwd });
    expect(made.code, made.err).toBe(0);
    for (const file of ['syncproof.yaml', 'map/objects.csv', 'map/fields.csv']) {
      expect(made.out).toContain(file);
      expect(existsSync(join(cwd, file)), file).toBe(true);
    }
    const { code, out, err } = await workshop.run(['doctor', '--subject', 'syncproof.yaml', '--no-start'], { cwd });
    const errors = out.split('\n').filter((line) => line.includes(': error: '));
    // Of stacks that start themselves the ports are fixed: something else on this machine may have them.
    const expected = /syncproof\.yaml:\d+:\d+: error: (there is no program|\S+ does not exist|\S+ is in use by another process)/;
    for (const line of errors) expect(line).toMatch(expected);
    expect(code, `${out}${err}`).toBe(errors.length > 0 ? 2 : 0);
  });

  test('into a folder that has one already: nothing is touched', async () => {
    const cwd = workshop.folder();
    writeFileSync(join(cwd, 'syncproof.yaml'), 'mine');
    const { code, err } = await workshop.run(['init'], { cwd });
    expect(err).toMatch(/syncproof\.yaml.*nothing was written/);
    expect(code).toBe(2);
    expect(readdirSync(cwd)).toEqual(['syncproof.yaml']);
    expect(readFileSync(join(cwd, 'syncproof.yaml'), 'utf8')).toBe('mine');
  });

  test('doctor on a project whose subject is there: no errors, the wiring tried', async () => {
    const cwd = workshop.folder();
    await workshop.run(['init'], { cwd });
    const manifest = readFileSync(join(cwd, 'syncproof.yaml'), 'utf8');
    const script = /command: \[node, "?([\w./-]+)"?\]/.exec(manifest)?.[1];
    expect(script, manifest).toBeDefined();
    writeFileSync(join(cwd, script!), '');
    const { code, out, err } = await workshop.run(['doctor', '--subject', 'syncproof.yaml', '--no-start'], { cwd });
    expect(`${out}${err}`).toMatch(/^0 errors/m);
    expect(code).toBe(0);
  });
});
