import type { Finding, LatencySummary, LoadResult, Point, Quantile } from '#conformance';
import { PLOT_CSS, type Plot, plot } from './html/plot.ts';
import { STYLE } from './html/style.ts';
import { type Markup, markup, raw } from './markup.ts';
import { DISCLAIMER } from './words.ts';

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const ENDS = {
  0: ['good', 'Nothing lost, nothing doubled, all limits met'],
  1: ['bad', 'The sync failed under this load'],
  3: ['void', 'Incomplete: these latencies count for nothing'],
  5: ['void', 'The harness failed: nothing counts against the sync'],
} as const;

/** Of a run without a subject. */
const ALONE = { 0: ['good', 'The sandbox bore it'], 1: ['bad', 'A threshold of k6 was missed'] } as const;

const time = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`);
const quantile = (one?: Quantile): string => (one ? `${one.atLeast ? '> ' : ''}${time(one.micros / 1000)}` : '-');
const number = (value: number): string => value.toLocaleString('en-US');
const percent = (share: number): string => `${Math.floor(share * 1000) / 10} %`;

function latencies(latency: LoadResult['latency']): Markup {
  const row = ([name, one]: [string, LatencySummary]): Markup =>
    markup`<tr><td>${name}</td>${[number(one.samples), quantile(one.p50), quantile(one.p95), quantile(one.p99), quantile(one.max), number(one.superseded), number(one.never)].map((cell) => markup`<td class="num">${cell}</td>`)}</tr>\n`;
  const heads = ['changes', 'p50', 'p95', 'p99', 'max', 'superseded', 'never visible'];
  return markup`<div class="panel scroll"><table><thead><tr><th>from due to the CRM</th>${heads.map((head) => markup`<th class="num">${head}</th>`)}</tr></thead><tbody>
${Object.entries(latency).map(row)}</tbody></table></div>
<p class="dim">A change runs from when it was due, not from when it was made: who is late must not shorten what he shows. Superseded: a
later change of the same record showed first. Never visible: waited for to the end, and counted in, behind all others.</p>`;
}

const finding = ({ message, expected, actual, evidence, row }: Finding): Markup =>
  markup`<li>${message}${row && markup` <span class="id">${row}</span>`}${expected && markup`<br><span class="dim">expected</span> ${expected}`}${actual && markup` <span class="dim">found</span> ${actual}`}<br><span class="dim">evidence</span> <code>${evidence.join(' ')}</code></li>`;

function wrongs({ wrong }: LoadResult): Markup {
  const present = Object.entries(wrong).filter(([, { count }]) => count > 0);
  if (present.length === 0)
    return markup`<p>Nothing: every record of the whole population is in the CRM once, as the map asks.</p>`;
  return markup`${present.map(
    ([name, { count, examples }]) =>
      markup`<details open><summary><b>${number(count)} ${name}</b></summary><div class="panel"><ul>${examples.map(finding)}</ul>${count > examples.length && markup`<p class="dim">and ${number(count - examples.length)} more</p>`}</div></details>`,
  )}`;
}

function glimpses(result: LoadResult): Markup {
  const rows = result.glimpses.map(
    ({ second, due, behind, overdue, duplicated }) =>
      markup`<tr><td class="num">${second} s</td>${[due, behind, overdue, duplicated].map((value) => markup`<td class="num">${number(value)}</td>`)}</tr>`,
  );
  const heads = [
    'after',
    'due so far',
    'not seen yet',
    `of those for more than ${time(result.syncWindowMs)}`,
    'keys with two rows',
  ];
  return markup`<details><summary>The whole population at ${result.glimpses.length} moments in between</summary><div class="panel scroll"><table><thead><tr>${heads.map((head) => markup`<th class="num">${head}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div></details>`;
}

/** Plots that say something of a subject only. */
const OF_SUBJECTS: readonly string[] = ['latency', 'backlog', 'staleness'];

function plots({ series, limits, syncWindowMs, target }: LoadResult): (Markup | false)[] {
  const seconds = series.map(({ second }) => second);
  const line = (name: string, of: (point: Point) => number | undefined) => ({ name, values: series.map(of) });
  const names = (of: (point: Point) => Record<string, unknown>) => [
    ...new Set(series.flatMap((point) => Object.keys(of(point)))),
  ];
  const usage = names((point) => point.usage);
  const errors = names((point) => point.errors).slice(0, 8);
  const limited = limits.some(({ name }) => name === 'p99');
  const all: Plot[] = [
    {
      id: 'latency',
      title: 'Latency over time',
      about:
        'From when a change was due until the CRM held it, by the second in which it was due. What was never seen counts with how long it was waited for.',
      unit: 'ms',
      seconds,
      lines: [line('p50', ({ p50 }) => p50), line('p95', ({ p95 }) => p95), line('p99', ({ p99 }) => p99)],
      ...(limited && target.limits.p99 === 'window' && { mark: { value: syncWindowMs, name: 'promised window' } }),
    },
    {
      id: 'offered',
      title: 'Offered against served',
      about:
        'Changes that were due, that were made in the hospital, and that came to be seen in the CRM. Where served stays below due, a backlog grows.',
      unit: 'changes',
      seconds,
      lines: [line('due', ({ due }) => due), line('made', ({ made }) => made), line('served', ({ shown }) => shown)],
    },
    {
      id: 'backlog',
      title: 'Backlog',
      about: 'Changes that were due and not in the CRM yet.',
      unit: 'changes',
      seconds,
      lines: [line('behind', ({ backlog }) => backlog)],
    },
    {
      id: 'staleness',
      title: 'Staleness',
      about: 'For how long the oldest of them had been due.',
      unit: 'ms',
      seconds,
      lines: [line('oldest', ({ stalestMs }) => stalestMs)],
    },
    {
      id: 'errors',
      title: 'Errors by kind',
      about: 'Answers of the simulators that were errors or were cut, and messages that were not accepted.',
      unit: 'errors',
      seconds,
      lines: errors.map((kind) => line(kind, (point) => point.errors[kind] ?? 0)),
    },
    {
      id: 'processor',
      title: 'Processor',
      about: 'Share of one core.',
      unit: 'cores',
      seconds,
      lines: usage.map((who) => ({ ...line(who, (point) => point.usage[who]?.cpu), joined: true })),
    },
    {
      id: 'memory',
      title: 'Memory',
      about: 'Resident, with everything that a process started.',
      unit: 'MB',
      seconds,
      lines: usage.map((who) => ({ ...line(who, (point) => point.usage[who]?.rssMb), joined: true })),
    },
    {
      id: 'lag',
      title: 'How long the sandbox was held up',
      about: 'The longest turn of an event loop of the simulators. It makes latencies longer than they are, never shorter.',
      unit: 'ms',
      seconds,
      lines: [line('held up', ({ lagMs }) => (lagMs > 0 ? lagMs : undefined))],
    },
  ];
  // Where nobody brings anything into the CRM there is nothing to wait for.
  return all.filter(({ id }) => target.subject || !OF_SUBJECTS.includes(id)).map(plot);
}

function facts(result: LoadResult): Markup {
  const { target, offered, script, simulatorShare, usage, caughtUpMs, settled } = result;
  const rows: [string, string][] = [
    ['scenario', `${target.scenario}: ${target.words}`],
    [
      'offered',
      `${Object.entries(offered)
        .map(([name, one]) => `${name} ${number(one.made)} of ${number(one.target)}`)
        .join(', ')} (${percent(result.offeredShare)} of the worst)`,
    ],
    [
      'committed late by',
      `p50 ${quantile(result.scheduleLag.p50)}, p99 ${quantile(result.scheduleLag.p99)}, max ${quantile(result.scheduleLag.max)}`,
    ],
    ['sandbox held up', `${result.loopDelayMs} ms at most; above ${result.loopDelayBoundMs} ms latencies are void`],
    ['k6', script ? `exit code ${script.exitCode}, ${number(script.dropped ?? 0)} offers dropped` : 'did not end'],
    ...(settled ? [['waited at the end', `${time(settled.waitedMs)} (${settled.by})`] as [string, string]] : []),
    ...(caughtUpMs === undefined ? [] : [['caught up', `${time(caughtUpMs)} after the last change was due`] as [string, string]]),
    ...Object.entries(usage).map(([who, { cpuMs, rssMb, growthMb }]): [string, string] => [
      who,
      `${time(cpuMs)} of processor time, ${number(rssMb)} MB at most${growthMb === undefined ? '' : `, by ${growthMb} MB more a minute`}`,
    ]),
    ...(simulatorShare === undefined
      ? []
      : [['simulators', `${percent(simulatorShare)} of the processor time measured`] as [string, string]]),
    ['journal', `${number(result.events)} events`],
    ['seed, run key', `${result.seed}, ${result.runKey}`],
  ];
  return markup`<div class="panel" style="padding:16px 20px"><dl class="facts">${rows.map(([term, text]) => markup`<dt>${term}</dt><dd>${text}</dd>`)}</dl></div>`;
}

const limitsTable = ({ limits }: LoadResult): Markup | false =>
  limits.length > 0 &&
  markup`<h2 id="limits">Limits</h2><div class="panel scroll"><table><thead><tr><th>limit</th><th class="num">at most</th><th class="num">measured</th><th></th></tr></thead><tbody>${limits.map(
    ({ name, limit, actual, met }) =>
      markup`<tr><td>${name}</td><td class="num">${limit}</td><td class="num">${actual}</td><td><span class="pill tone-${met ? 'good' : 'bad'}">${met ? 'met' : 'missed'}</span></td></tr>`,
  )}</tbody></table></div>`;

/** The page of a load run: opens from a file, loads nothing, runs nothing. A function of the result alone. */
export function renderLoad(result: LoadResult): string {
  const { subject, target, exitCode } = result;
  const [tone, words] = target.subject || exitCode > 1 ? ENDS[exitCode] : ALONE[exitCode as 0 | 1];
  const who = target.subject ? `${subject.name} ${subject.version}` : 'the sandbox alone';
  const notes = [...result.void, ...result.warnings];
  return markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${raw(POLICY)}"><meta name="referrer" content="no-referrer">
<title>${target.scenario}: ${who} (Syncproof load)</title>
<style>${raw(STYLE)}${raw(PLOT_CSS)}</style></head><body>
<header class="top"><div class="brand">Syncproof load</div><h1>${target.scenario}: ${who}</h1><p class="dim">${result.startedAt}, run ${result.id}</p>
<div class="panel verdict tone-${tone}"><div class="say">${words}</div><div class="level">${target.words}</div></div>
${notes.length > 0 && markup`<ul class="warnings">${notes.map((note) => markup`<li>${note}</li>`)}</ul>`}</header>
<main>
${target.subject && markup`<h2 id="latencies">Latency</h2>${latencies(result.latency)}${limitsTable(result)}<h2 id="wrong">Wrong at the end</h2>${wrongs(result)}${glimpses(result)}`}
<h2 id="plots">Over time</h2>
${plots(result)}
${result.errors.length > 0 && markup`<h2 id="kinds">Errors by kind</h2><div class="panel scroll"><table><thead><tr><th>kind</th><th class="num">how often</th><th>the first</th></tr></thead><tbody>${result.errors.map(({ kind, count, first }) => markup`<tr><td>${kind}</td><td class="num">${number(count)}</td><td><code>${first}</code></td></tr>`)}</tbody></table></div>`}
<h2 id="facts">The run</h2>${facts(result)}
</main>
<footer><p>${DISCLAIMER}</p><p>Every sample is in <code>samples.jsonl</code>, all numbers are in <code>load.json</code>; both can be had again from the journal (<code>syncproof judge</code>).</p></footer></body></html>
`.text;
}
