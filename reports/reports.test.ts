import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BadgeStanding, CheckResult, GateResult, LevelStanding, RunResult, Standing, Verdict } from '#conformance';
import { type MapRow, REPORTS, renderHtml, renderReports, scorecard } from './index.ts';
import { checkOf, checkWith, greenResult, invariantOf, resultOf, sampleEvents, sampleMap, sampleResult } from './sample.ts';
import { nextLevel, standingLines, VERDICT, VERDICTS } from './words.ts';

const EVIL = '<script>alert("Zoë & \'co\'")</script>\u001b[31m\u202e\u0000 | `x` @all';

/** A small XML reader: refuses what is not well-formed, and returns each element with its attributes and text. */
function parseXml(text: string): { name: string; attributes: Record<string, string>; text: string }[] {
  const found: { name: string; attributes: Record<string, string>; text: string }[] = [];
  const open: typeof found = [];
  const decode = (part: string): string =>
    part.replace(
      /&(\w+|#\d+);?/g,
      (entity, name) => ({ amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" })[name as string] ?? fail(`bad entity ${entity}`),
    );
  const fail = (why: string): never => {
    throw new Error(`not well-formed: ${why}`);
  };
  for (const part of text.match(/<[^>]*>|[^<]+/g) ?? []) {
    if (part.startsWith('<?')) continue;
    if (part.startsWith('</')) {
      if (open.pop()?.name !== part.slice(2, -1)) fail(part);
    } else if (part.startsWith('<')) {
      const tag = /^<([\w-]+)((?:\s+[\w-]+="[^"<]*")*)\s*(\/?)>$/.exec(part) ?? fail(part);
      const attributes = Object.fromEntries(
        [...(tag[2] ?? '').matchAll(/([\w-]+)="([^"]*)"/g)].map((m) => [m[1], decode(m[2] ?? '')]),
      );
      const element = { name: tag[1] ?? '', attributes, text: '' };
      found.push(element);
      if (!tag[3]) open.push(element);
    } else {
      const text = decode(part);
      const inner = open.at(-1);
      if (inner) inner.text += text;
      else if (text.trim()) fail(text);
    }
  }
  return open.length > 0 ? fail(`${open.at(-1)?.name} is open`) : found;
}

const render = (name: string, result: RunResult, map: MapRow[] = sampleMap): string =>
  REPORTS.find((report) => report.name === name)?.render({ result, events: sampleEvents, map }) ?? '';
// biome-ignore lint/suspicious/noControlCharactersInRegex: the report must hold none of them
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f\u202a-\u202e\u2066-\u2069]/;

const evil = resultOf(
  [
    checkWith(
      'DM-02',
      EVIL,
      {
        verdict: 'fail',
        reason: EVIL,
        message: EVIL,
        row: EVIL,
        expected: EVIL,
        actual: `${EVIL}!`,
        channel: EVIL,
        sub: EVIL,
        evidence: ['sandbox:3'],
      },
      { harm: EVIL, requirement: EVIL, replay: EVIL, group: EVIL, timeline: ['sandbox:3', 'nobody:9'] },
    ),
    checkOf('ID-01', EVIL, { message: EVIL }),
  ],
  [invariantOf('G2', 'DM-02/epic', { verdict: 'fail', reason: EVIL, message: EVIL, evidence: [] })],
  { warnings: [EVIL], subject: { name: EVIL, version: EVIL }, seed: EVIL, level: EVIL },
);

describe('the registry', () => {
  it('lists every format that has a file, each with a file name of its own', () => {
    const defined = readdirSync(import.meta.dirname).filter(
      (file) =>
        file.endsWith('.ts') &&
        !/test|definition|index/.test(file) &&
        readFileSync(`${import.meta.dirname}/${file}`, 'utf8').includes('= defineReport('),
    );
    expect(REPORTS.map((report) => `${report.name}.ts`).sort()).toEqual(defined.sort());
    expect(new Set(REPORTS.map((report) => report.file)).size).toBe(REPORTS.length);
  });

  it('renders the same bytes from the same run', () => {
    const input = { result: sampleResult, events: sampleEvents, map: sampleMap };
    expect(renderReports(input)).toEqual(renderReports(structuredClone(input)));
  });
});

describe('result.json', () => {
  it('is the result, whatever the order in which its keys were set', () => {
    const turned = JSON.parse(JSON.stringify(sampleResult), (_, value) =>
      value && typeof value === 'object' && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).reverse()) : value,
    );
    expect(render('json', turned)).toBe(render('json', sampleResult));
    expect(JSON.parse(render('json', sampleResult))).toEqual(JSON.parse(JSON.stringify(sampleResult)));
    expect(render('json', sampleResult).endsWith('}\n')).toBe(true);
  });
});

describe('junit.xml', () => {
  const elements = parseXml(render('junit', sampleResult));
  const named = (name: string) => elements.filter((element) => element.name === name);

  it('has one suite per group, and one for the invariants', () => {
    expect(named('testsuite').map((suite) => suite.attributes.name)).toEqual([
      ...new Set(sampleResult.checks.map((check) => check.group)),
      'Invariants',
    ]);
  });

  it('says what was expected and what was seen', () => {
    const failure = named('failure').find((element) => element.attributes.type === 'wrong-value');
    expect(failure?.attributes.message).toContain('Zoë Quill');
    expect(failure?.text).toMatch(/expected: \+12125550199\nactual: \+12125550109/);
    expect(failure?.text).toContain('map row: fields.csv:9 Contact.MobilePhone');
  });

  it('skips what could not be judged, with its reason, and calls our defects errors', () => {
    expect(named('skipped').map((element) => element.attributes.message)).toEqual([
      expect.stringContaining('untestable, fault-not-hit'),
      expect.stringContaining('not-applicable, no-hl7'),
    ]);
    const broken = checkWith('ID-01', 'x', { verdict: 'harness-error', reason: 'crash', message: 'ours', evidence: [] });
    expect(parseXml(render('junit', resultOf([broken]))).find((element) => element.name === 'error')?.attributes.type).toBe(
      'crash',
    );
  });
});

describe('report.html', () => {
  const page = render('html', sampleResult);

  it('loads nothing: no link, no source and no style leads out of the file', () => {
    for (const html of [page, render('html', evil), render('html', greenResult)]) {
      const outside = [...html.matchAll(/(?:href|src|action|xlink:href)\s*=\s*["']?([^"'\s>]*)/g)]
        .map((m) => m[1])
        .filter((target) => !target?.startsWith('#'));
      expect(outside).toEqual([]);
      expect(html).not.toMatch(/url\(|@import|<(img|link|iframe|object|base)\b/);
    }
  });

  it('leads each check to its details, and each map row to the map', () => {
    const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map((m) => m[1]));
    const targets = [...page.matchAll(/href="#([^"]+)"/g)].map((m) => m[1]);
    expect(targets.filter((target) => !ids.has(target))).toEqual([]);
    expect([...page.matchAll(/ id="([^"]+)"/g)].length).toBe(ids.size);
    expect(targets).toEqual(expect.arrayContaining(['ID-01', 'IP-04', 'map-fields.csv-9']));
  });

  it('tells of a failure: cause, row, both values, harm, replay, diagram and its twin', () => {
    for (const text of [
      'got a number that she never had',
      'fields.csv:9 Contact.MobilePhone',
      '+121255501<mark>9</mark>9',
      'calls a stranger',
      '--only DM-02 --seed 42',
      '<svg class="sequence"',
      '<table class="twin">',
      '13 polls that showed nothing new',
    ])
      expect(page).toContain(text);
  });

  it('says on every page that vendors are simulated and people synthetic', () => {
    for (const html of [page, render('html', greenResult)]) expect(html).toMatch(/simulated.*no vendor endorses.*synthetic/);
  });

  it('shows nothing of what is not there', () => {
    const green = render('html', greenResult);
    expect(green).not.toContain('id="failures"');
    expect(render('html', resultOf([], [], { exitCode: 3 }))).toContain('Nothing was judged');
    expect(renderHtml(greenResult, [])).not.toContain('id="map"');
  });

  it.each<[string, string | undefined, boolean, RegExp]>([
    ['was seen to fail', '2026-11-20', true, /the matrix of 2026-11-20 saw all of it/],
    ['was not seen to fail', '2026-11-20', false, /<code>duplicate<\/code> \(not seen\): Makes two.*saw 0 of 1/s],
    ['is to fail, on a version of which nothing is known', undefined, false, /was not run on this version yet/],
  ])('the page says what a check %s', (_, at, seen, says) => {
    const { id } = greenResult.checks[0]!;
    const killer = { mutant: 'makes-two', breaks: 'Makes two <of> each.', reason: 'duplicate', seen };
    const page = renderHtml(greenResult, [], { proof: { at, killers: { [id]: [killer] } } });
    expect(page).toMatch(/it has to fail one broken sync<\/summary>.*<code>makes-two<\/code>/s);
    expect(page).toMatch(says);
    expect(page).toContain('Makes two &lt;of&gt; each.');
  });
});

describe('a hostile name', () => {
  it.each(REPORTS.map((report) => report.name))('does no harm in %s', (name) => {
    const text = render(name, evil, [{ object: EVIL, field: EVIL, source: EVIL }]);
    if (name !== 'json' && name !== 'ctrf') expect(text).not.toMatch(CONTROL);
    if (name === 'html') expect(text.match(/<script/g)?.length).toBe(1);
    if (name === 'junit')
      expect(parseXml(text).find((element) => element.name === 'failure')?.text).toContain(
        '<script>alert("Zoë & \'co\'")</script>',
      );
    if (name === 'github') expect(text.replace(/`[^`]*`/g, '')).not.toMatch(/[^\\]<script/);
    if (name === 'json' || name === 'ctrf') JSON.parse(text);
  });
});

describe('where a run stands', () => {
  const words = fc.stringMatching(/^[a-z]{1,8}( [a-z]{1,8}){0,2}$/);
  const state = fc.constantFrom('met', 'checks-hold', 'lacking');
  const kind = fc.constantFrom('failed', 'unknown', 'absent');
  const lack = fc.record({ what: fc.constantFrom('ID-01', 'majors', 'epic/poll'), kind, why: words });
  const level = (id: LevelStanding['id'], name: string) =>
    fc.record({
      id: fc.constant(id),
      name: fc.constant(name),
      state,
      must: fc.record({ of: fc.integer({ min: 1, max: 40 }), passed: fc.nat(40) }),
      lacks: fc.array(lack, { maxLength: 9 }),
      beyond: fc.array(words, { maxLength: 2 }),
    }) as fc.Arbitrary<LevelStanding>;
  const badge = fc.record({
    id: fc.constantFrom('hl7v2', 'consent', 'bulk'),
    title: words,
    state: fc.constantFrom('earned', 'lacking', 'none'),
    must: fc.record({ of: fc.nat(9), passed: fc.nat(9) }),
    lacks: fc.constant([]),
  }) as fc.Arbitrary<BadgeStanding>;
  const gate = fc.record({
    asked: fc.constant('level=L1,coverage=100'),
    met: fc.constantFrom('yes', 'no', 'unknown'),
    lines: fc.array(
      fc.record({ asked: fc.constantFrom('level=L1', 'coverage=100'), met: fc.constantFrom('yes', 'no', 'unknown'), saw: words }),
      {
        minLength: 1,
        maxLength: 3,
      },
    ),
  }) as fc.Arbitrary<GateResult>;
  const run = fc.record({
    sentence: words,
    level: fc.option(fc.constantFrom('L0', 'L1', 'L2', 'L3'), { nil: undefined }),
    withheld: fc.option(words, { nil: undefined }),
    leftOut: fc.constantFrom(0, 0, 5),
    levels: fc.tuple(level('L0', 'Connected'), level('L1', 'Correct'), level('L2', 'Resilient')),
    badges: fc.uniqueArray(badge, { selector: ({ id }) => id, maxLength: 3 }),
    gate: fc.option(gate, { nil: undefined }),
    since: fc.option(fc.record({ lost: fc.subarray(['ID-01', 'ID-02']), gained: fc.subarray(['AP-01', 'AP-02']) }), {
      nil: undefined,
    }),
    exitCode: fc.constantFrom(0, 1, 3, 4, 5),
  });
  const plainMarkdown = (text: string): string => text.replace(/\\(.)/g, '$1').replace(/\*\*/g, '');
  const inHtml = (page: string): string =>
    (page.split('<nav>')[0] ?? '')
      .replace(/<\/?(?:b|a|span|li|ul)\b[^>]*>/g, ' ')
      .replace(/&#39;/g, "'")
      .replace(/\s+/g, ' ');

  it('is the same in every report: sentence, badges, what is lacking, gate, exit code', () => {
    fc.assert(
      fc.property(run, ({ sentence, gate: asked, since, exitCode, ...rest }) => {
        const standing = { ...rest, beside: [] } as Standing;
        const result = resultOf([checkOf('ID-01', 'title')], [], {
          ...{ level: `${sentence} (1)`, standing, exitCode: exitCode as RunResult['exitCode'] },
          ...(asked && { gate: asked }),
          ...(since && { since }),
        });
        const earned = standing.badges.filter((one) => one.state === 'earned').map(({ id }) => id);
        const texts = {
          terminal: scorecard(result, { colour: false, width: 400 }).replace(/\s+/g, ' '),
          html: inHtml(render('html', result)),
          github: plainMarkdown(render('github', result)),
        };
        for (const text of Object.values(texts)) expect(text).toContain(result.level);
        for (const { name, text } of [...standingLines(result), ...(nextLevel(result)?.lacks.slice(0, 6) ?? [])])
          for (const shown of [texts.terminal, texts.html]) expect(shown).toContain(`${name} ${text}`);
        for (const { name, text } of [...standingLines(result), ...(nextLevel(result)?.lacks ?? [])]) {
          expect(texts.github).toContain(name);
          expect(texts.github).toContain(text);
        }

        for (const text of Object.values(texts))
          for (const id of [...(since?.lost ?? []), ...(since?.gained ?? [])])
            expect(text).toMatch(new RegExp(`(lost|gained) [^;]*${id}`));

        const json = JSON.parse(render('json', result)) as RunResult;
        expect([json.level, json.standing, json.gate, json.exitCode]).toEqual(
          JSON.parse(JSON.stringify([result.level, standing, asked ?? null, exitCode])).map((one: unknown) => one ?? undefined),
        );

        const elements = parseXml(render('junit', result));
        const property = (name: string) =>
          elements.find((e) => e.name === 'property' && e.attributes.name === name)?.attributes.value;
        expect([property('level'), property('badges'), property('gate')]).toEqual([result.level, earned.join(' '), asked?.met]);
        const gates = elements.filter((e) => e.name === 'testsuite' && e.attributes.name === 'Gate');
        expect(gates.map(({ attributes }) => Number(attributes.failures))).toEqual(
          asked ? [asked.lines.filter(({ met }) => met === 'no').length] : [],
        );

        const { extra } = JSON.parse(render('ctrf', result)).results.summary;
        expect([extra.level, extra.badges, extra.gate?.met]).toEqual([result.level, earned, asked?.met]);

        const shield = JSON.parse(render('badge', result));
        expect(shield).toMatchObject({ schemaVersion: 1, label: 'syncproof', isError: exitCode !== 0 });
        const worn = standing.level !== undefined && standing.level !== 'L0' && standing.withheld === undefined;
        for (const id of earned) expect(shield.message.includes(id)).toBe(worn);
        expect(shield.message.startsWith(standing.withheld === undefined ? (standing.level ?? 'no level') : 'no level')).toBe(
          true,
        );
        expect(texts.terminal).toContain(`exit ${exitCode}: `);
        expect(texts.html.includes(`Exit code ${exitCode}`) || render('html', result).includes(`<dd>${exitCode}</dd>`)).toBe(
          true,
        );
      }),
      { numRuns: 80 },
    );
  });
});

describe('numbers', () => {
  const check = (verdict: Verdict, i: number): CheckResult => {
    const id = `ID-${String(i + 1).padStart(2, '0')}`;
    return verdict === 'pass'
      ? checkOf(id, 'title')
      : checkWith(id, 'title', { verdict, reason: 'because', message: 'so it was', evidence: [] });
  };

  it('agree in every report', () => {
    const arbitrary = fc.record({
      verdicts: fc.array(fc.constantFrom(...VERDICTS), { maxLength: 24 }),
      score: fc.integer({ min: 0, max: 100 }),
      coverage: fc.integer({ min: 0, max: 100 }),
    });
    fc.assert(
      fc.property(arbitrary, ({ verdicts, score, coverage }) => {
        const result = resultOf(verdicts.map(check), [invariantOf('G1', 'ID-01/epic')], {
          coverage,
          score: { overall: score, dimensions: { correctness: score } },
        });
        const { counts } = result;
        expect(JSON.parse(render('json', result)).counts).toEqual(counts);

        const html = render('html', result);
        const tiles = [...html.matchAll(/data-verdict="([^"]+)" data-count="(\d+)"><b>(\d+)<\/b>/g)];
        expect(Object.fromEntries(tiles.map((m) => [m[1], Number(m[3])]))).toEqual(counts);
        expect(html).toContain(`<span class="num">${coverage} %</span>`);
        expect(html.match(/<tr data-verdict=/g)?.length ?? 0).toBe(verdicts.length);

        const terminal = scorecard(result, { colour: false });
        for (const verdict of VERDICTS) {
          const shown = new RegExp(`counts .*?(\\d+) ${VERDICT[verdict].word}`).exec(terminal);
          expect(Number(shown?.[1] ?? 0)).toBe(counts[verdict]);
        }
        expect(terminal).toContain(`overall ${score} (correctness ${score})`);

        const suites = parseXml(render('junit', result)).filter(
          (e) => e.name === 'testsuite' && e.attributes.name !== 'Invariants',
        );
        const sum = (attribute: string): number =>
          suites.reduce((total, suite) => total + Number(suite.attributes[attribute]), 0);
        expect([sum('tests'), sum('failures'), sum('errors'), sum('skipped')]).toEqual([
          verdicts.length,
          counts.fail + counts.unstable,
          counts['harness-error'],
          counts.untestable + counts['not-applicable'] + counts.attested,
        ]);

        const { summary } = JSON.parse(render('ctrf', result)).results;
        expect([summary.passed, summary.failed, summary.tests]).toEqual([
          counts.pass,
          counts.fail + counts.unstable,
          verdicts.length,
        ]);
        expect(render('github', result)).toContain(`| ${VERDICTS.map((verdict) => counts[verdict]).join(' | ')} |`);
      }),
      { numRuns: 60 },
    );
  });
});
