import { describe, expect, it } from 'vitest';
import type { LoadResult, Point } from '#conformance';
import { plot, roundUp } from './html/plot.ts';
import { renderLoad } from './load.ts';

const point = (second: number, more: Partial<Point> = {}): Point => ({
  ...{ second, due: 2, made: 2, shown: 1, backlog: second, stalestMs: 100, errors: {}, lagMs: 0, usage: {} },
  ...more,
});
const summary = {
  samples: 4,
  superseded: 0,
  never: 1,
  unchanged: 0,
  p50: { micros: 20_000 },
  max: { micros: 9_000_000, atLeast: true as const },
};

const RESULT = {
  v: 2,
  ...{ id: 'run-1', status: 'finished', seed: '42', runKey: 'k', startedAt: '2026-03-02', endedAt: '2026-03-02' },
  subject: { name: '<b>sync</b>', version: '1' },
  target: {
    ...{
      scenario: 'steady',
      site: 'epic',
      cohort: 'load/epic',
      schedules: { changes: 4 },
      reads: [],
      residents: 0,
      subject: true,
    },
    ...{ limits: { p99: 'window' }, simulators: ['epic'], words: '2/s for 2 s' },
  },
  script: { exitCode: 99, dropped: 3 },
  ...{ offered: { changes: { target: 4, made: 4 } }, offeredShare: 1, latency: { all: summary }, scheduleLag: {} },
  ...{ loopDelayMs: 0, loopDelayBoundMs: 800, void: ['it was so'], late: 1, syncWindowMs: 4000 },
  limits: [{ name: 'p99', limit: '4s', actual: '> 9.00 s', met: false }],
  wrong: {
    lost: {
      count: 30,
      examples: [{ verdict: 'fail', reason: 'missing', message: 'Patient <1> is not there', evidence: ['epic:7'] }],
    },
    ...{ duplicated: { count: 0, examples: [] }, crossed: { count: 0, examples: [] }, stale: { count: 0, examples: [] } },
  },
  glimpses: [{ second: 1, due: 2, behind: 1, overdue: 0, duplicated: 0 }],
  errors: [{ kind: 'crm upsert 503', count: 5, first: 'crm:9' }],
  series: [
    point(0, { p99: 20, errors: { 'crm upsert 503': 5 } }),
    point(1),
    point(2, { p99: 40, usage: { epic: { cpu: 0.5, rssMb: 200 } } }),
  ],
  ...{
    usage: { epic: { cpuMs: 500, rssMb: 200 } },
    simulatorShare: 0.4,
    events: 1000,
    invariants: [],
    warnings: ['look'],
    exitCode: 1,
  },
} as unknown as LoadResult;

describe('the page of a load run', () => {
  const page = renderLoad(RESULT);

  it.each<[what: string, text: string]>([
    ['the verdict', 'The sync failed under this load'],
    ['why it is void, and warnings', '<li>it was so</li><li>look</li>'],
    ['a latency that was never seen to its end', '&gt; 9.00 s'],
    ['a limit that was missed', '<span class="pill tone-bad">missed</span>'],
    ['what is wrong, with its evidence', '<b>30 lost</b>'],
    ['how much more of it there is', 'and 29 more'],
    ['errors by kind', '<td>crm upsert 503</td><td class="num">5</td>'],
    ["k6's own end", 'exit code 99, 3 offers dropped'],
  ])('tells %s', (_what, text) => {
    expect(page).toContain(text);
  });

  it('draws what there is, and no more', () => {
    const drawn = [...page.matchAll(/<section class="panel plot" id="(\w+)">/g)].map(([, id]) => id);
    expect(drawn).toEqual(['latency', 'offered', 'backlog', 'staleness', 'errors', 'processor', 'memory']);
  });

  it('loads nothing, runs nothing, and lets nobody write into it', () => {
    expect(page).toContain("default-src 'none'");
    expect(page).not.toMatch(/<script|https?:\/\//);
    expect(page).not.toContain('<b>sync</b>');
    expect(page).toContain('&lt;1&gt;');
  });

  it('says of the sandbox alone no word about a sync', () => {
    const alone = renderLoad({ ...RESULT, exitCode: 0, target: { ...RESULT.target, subject: false } });
    expect(alone).toContain('steady: the sandbox alone');
    expect(alone).toContain('The sandbox bore it');
    expect(alone).not.toContain('Wrong at the end');
    expect(alone).not.toContain('id="backlog"');
  });
});

it.each([
  [0, 1],
  [1, 1],
  [1.2, 1.5],
  [240, 250],
  [0.07, 0.08],
  [9, 10],
  [999, 1000],
])('%d rounds up to %d', (value, rounded) => {
  expect(roundUp(value)).toBeCloseTo(rounded);
});

it.each<[what: string, values: (number | undefined)[], joined: boolean, path: RegExp]>([
  ['a line', [1, 2, 3], false, /^M[^M]*L[^M]*L[^M]*$/],
  ['a gap', [1, 2, undefined, 3, 4], false, /^M[^M]*L[^M]*M[^M]*L[^M]*$/],
  ['a gap in which nobody looked', [1, undefined, 3], true, /^M[^M]*L[^M]*$/],
])('%s', (_what, values, joined, path) => {
  const drawn = plot({
    id: 'p',
    title: 't',
    about: '',
    unit: 'ms',
    seconds: [0, 1, 2, 3, 4],
    lines: [{ name: 'l', values, joined }],
  });
  expect(/<path d="([^"]*)"/.exec((drawn as { text: string }).text)![1]).toMatch(path);
});
