import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { loadManifest } from '#conformance';
import { anchors, commands, links } from './markdown.ts';
import { files, matches, ROOT, read } from './source.ts';

const PAGES = files('**/*.md');
const run = promisify(execFile);

/** Verbs of the command line, with what each says of itself; what is not built yet says nothing. */
const HELP = new Map<string, string>();

// One process for all of them: a dozen would take longer than all other tests of this folder.
const ASK = `
  import { globSync } from 'node:fs';
  const found = {};
  for (const file of globSync('cli/*.ts').filter((name) => !name.endsWith('.test.ts')))
    for (const [name, text] of Object.entries(await import('./' + file)))
      if (name.endsWith('_USAGE')) found[name.slice(0, -'_USAGE'.length).toLowerCase()] = text;
  console.log(JSON.stringify(found));`;

beforeAll(async () => {
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', ASK], { cwd: ROOT });
  const help = JSON.parse(stdout) as Record<string, string>;
  for (const [, verb = ''] of read('cli.ts').matchAll(/^ {2}([a-z]+): (?:\{|notYet\()/gm)) HELP.set(verb, help[verb] ?? '');
});

const SYNCPROOF = /(?:^\s*(?:[A-Z_]+=\S+ )*|\bnpx )syncproof (?=[a-z])/;
const NPM = /(?:^|\s)npm run (?:--silent )?(?=[a-z])/;

/** What is wrong with a link, if anything. */
function broken(page: string, target: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return undefined;
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? page : posix.normalize(posix.join(posix.dirname(page), decodeURI(path)));
  if (!existsSync(ROOT + file)) return 'leads to nothing';
  if (anchor === undefined || !statSync(ROOT + file).isFile()) return undefined;
  return anchors(read(file)).has(anchor) ? undefined : `${file} has no such heading`;
}

/** What is wrong with a command line of ours, if anything. */
function misused([verb = '', ...rest]: string[]): string | undefined {
  const help = HELP.get(verb);
  if (help === undefined) return `there is no verb ${verb}`;
  const unknown = rest.flatMap((word) => /^\[?(--[a-z][a-z-]*)/.exec(word)?.[1] ?? []).filter((option) => !named(help, option));
  return unknown.length > 0 ? `${verb} has no option ${unknown.join(', ')}` : undefined;
}

const named = (help: string, option: string): boolean => new RegExp(`${option}(?![a-z-])`).test(help);

describe.each(PAGES)('%s', (page) => {
  it('has no link that leads nowhere', () => {
    const wrong = links(read(page)).flatMap(({ target, line }) => {
      const why = broken(page, target);
      return why ? [`${page}:${line} ${target}: ${why}`] : [];
    });
    expect(wrong).toEqual([]);
  });

  it('shows only commands that there are', () => {
    const scripts = Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts);
    const ours = commands(read(page), SYNCPROOF).flatMap(({ words, line }) => {
      const why = misused(words);
      return why ? [`${page}:${line} ${why}`] : [];
    });
    const npm = commands(read(page), NPM).filter(({ words }) => !scripts.includes(words[0]!));
    expect([...ours, ...npm.map(({ words, line }) => `${page}:${line} no script ${words[0]}`)]).toEqual([]);
  });
});

it('every page of the docs can be reached from their index', () => {
  const reached = new Set<string>();
  const visit = (page: string): void => {
    if (reached.has(page) || !PAGES.includes(page)) return;
    reached.add(page);
    for (const { target } of links(read(page)))
      if (!target.includes(':')) visit(posix.normalize(posix.join(posix.dirname(page), target.split('#')[0]!)));
  };
  visit('docs/README.md');
  expect(PAGES.filter((page) => /^docs\/[^/]+$/.test(page) && !reached.has(page))).toEqual([]);
});

it('a setting that a page names is one that a sync can be given', () => {
  const known = read('conformance/manifest/settings.ts') + read('conformance/subject/subject-files.ts');
  const names = ['README.md', ...PAGES.filter((page) => page.startsWith('docs/'))].flatMap((page) =>
    [...read(page).matchAll(/SYNCPROOF_(?:EPIC|CERNER|ATHENA|CRM|WEBHOOK)_([A-Z][A-Z_]*[A-Z])\b/g)].map(([whole, last = '']) => ({
      page,
      whole,
      last,
    })),
  );
  expect(names.filter(({ last }) => !known.includes(last))).toEqual([]);
  expect(names.length).toBeGreaterThan(10);
});

/** Blocks of YAML that are a manifest, or settings of one: nothing else in the docs begins with these names. */
const fragments = PAGES.flatMap((page) =>
  [...read(page).matchAll(/^( *)```yaml\n([\s\S]*?)^ *```/gm)].flatMap(([, indent = '', block = '']) => {
    const text = block.replace(new RegExp(`^${indent}`, 'gm'), '');
    const body = parse(text) as Record<string, unknown>;
    return Object.keys(body).every((name) =>
      ['subject', 'start', 'listens', 'sites', 'crm', 'promises', 'capabilities', 'map', 'hooks'].includes(name),
    )
      ? [{ page, text, body }]
      : [];
  }),
);

it.each(fragments)('$page shows settings of a manifest as there are', ({ body }) => {
  const site = {
    name: 'epic',
    vendor: 'epic',
    authority: '1.2.3',
    time_zone: 'America/New_York',
    channels: { read: ['hl7'], discover: ['hl7'] },
  };
  const start = {
    ...(/\b(command|attach)\b/.test(JSON.stringify(body.start ?? {})) ? {} : { attach: true }),
    ...(body.start as object),
  };
  const whole = { subject: { name: 'mine' }, sites: [site], crm: {}, map: './map', ...body, start };
  const file = join(mkdtempSync(join(tmpdir(), 'syncproof-test-')), 'syncproof.yaml');
  writeFileSync(file, stringify(whole));
  expect(loadManifest(file).problems.filter(({ severity }) => severity === 'error')).toEqual([]);
});

it('finds the manifests of the docs', () => {
  expect(fragments.map(({ page }) => page)).toEqual(expect.arrayContaining(['README.md', 'docs/settings.md', 'docs/stacks.md']));
});

describe('what finds links and commands', () => {
  it('knows anchors as GitHub makes them', () => {
    expect([...anchors('# A `b`: c\n## Twice\n## Twice\n```\n# none\n```\n## [x](y.md) & é')]).toEqual([
      'a-b-c',
      'twice',
      'twice-1',
      'x--é',
    ]);
  });

  it('finds links outside of code', () => {
    expect(
      links('[a](b.md) `[c](d.md)`\n```\n[e](f.md)\n```\n![g](h.png "i")').map(({ target, line }) => [target, line]),
    ).toEqual([
      ['b.md', 1],
      ['h.png', 5],
    ]);
  });

  it('finds commands in blocks and text, over continued lines', () => {
    const page =
      'Try `npx syncproof check --only A`, not syncproof prose.\n```sh\nsyncproof up \\\n  --seed 1   # comment --x\nnpm ci && syncproof judge\n```';
    expect(commands(page, SYNCPROOF)).toEqual([
      { line: 1, words: ['check', '--only', 'A'] },
      { line: 3, words: ['up', '--seed', '1'] },
      { line: 5, words: ['judge'] },
    ]);
  });

  it('a wrong link, verb and option are found', () => {
    expect(broken('docs/faults.md', 'nowhere.md')).toBe('leads to nothing');
    expect(broken('docs/faults.md', '../README.md#no-such')).toBe('README.md has no such heading');
    expect(misused(['chek'])).toBe('there is no verb chek');
    expect(misused(['check', '--onlyy', 'A', '--seed', '1'])).toBe('check has no option --onlyy');
  });
});

// A house rule of the text itself, cheap to hold here: no page speaks of places that only its author has.
it.each(PAGES)('%s names no place outside of the repository', (page) => {
  expect(matches(page, read(page), /\/(work|home|Users|tmp)\//)).toEqual([]);
});
