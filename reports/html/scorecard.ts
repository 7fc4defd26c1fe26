import type { RunResult, Verdict } from '#conformance';
import type { JournalEvent } from '#kernel';
import { type Markup, markup } from '../markup.ts';
import { sandboxFacts } from '../model.ts';
import {
  decisive,
  elapsed,
  figure,
  headline,
  latencyText,
  nextLevel,
  SEVERITY,
  type StandingLine,
  seconds,
  sinceText,
  standingLines,
  type Tone,
  VERDICT,
  VERDICTS,
  worstFirst,
} from '../words.ts';

export const pill = (verdict: Verdict): Markup => {
  const { word, tone, glyph } = VERDICT[verdict];
  return markup`<span class="pill tone-${tone}${verdict === 'untestable' && ' hatched'}"><span aria-hidden="true">${glyph}</span> <span class="word">${word}</span></span>`;
};

// Below this a dimension has a failed blocker (conformance rules cap it there).
const CAPPED = 50;
const toneOf = (value: number): Tone => (value < CAPPED ? 'bad' : value < 90 ? 'warn' : 'good');

// From good to unknown, as a bar is read.
const SHOWN = ['pass', 'attested', 'fail', 'unstable', 'harness-error', 'untestable', 'not-applicable'] as const;

const bar = (name: string, value: number, shown: string, tone: Tone, rest: Tone | false = false): Markup =>
  markup`<span>${name}</span><span class="bar tone-${tone}" aria-hidden="true"><i style="width:${Math.max(0, Math.min(100, value))}%"></i>${rest && markup`<span class="rest tone-${rest}"></span>`}</span><span class="num">${shown}</span>`;

const fact = (name: string, value: string | Markup): Markup => markup`<dt>${name}</dt><dd>${value}</dd>`;

const day = (wall: string): string =>
  wall
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC')
    .replace(/Z$/, ' UTC');

/** What a reader needs within the first screen. */
export function top(result: RunResult, events: readonly JournalEvent[]): Markup {
  const { text, tone } = headline(result);
  const share = (verdict: Verdict): Markup | false =>
    result.counts[verdict] > 0 && markup`<i class="tone-${VERDICT[verdict].tone}" style="flex:${result.counts[verdict]}"></i>`;
  const tile = (verdict: Verdict): Markup =>
    markup`<li class="tone-${VERDICT[verdict].tone}${result.counts[verdict] === 0 && ' none'}" data-verdict="${verdict}" data-count="${result.counts[verdict]}"><b>${result.counts[verdict]}</b> ${VERDICT[verdict].word}</li>`;
  const { judged, of } = result.mapCoverage;
  const dimensions = Object.entries(result.score.dimensions).map(([name, value]) => {
    const unseen = result.checks.some((check) => check.group === name && check.verdict === 'untestable');
    return bar(name, value, figure(value), toneOf(value), unseen && 'warn');
  });
  return markup`<header class="top">
<div class="brand">Syncproof report</div>
<h1>${result.subject.name} <span class="dim">${result.subject.version}</span></h1>
<div class="panel verdict tone-${tone}"><div class="say">${text}</div><div class="level">${result.level}</div>${latencyText(result) && markup`<div class="dim">latency ${latencyText(result)}</div>`}${sinceText(result) && markup`<div class="dim">since the run that it was held against: ${sinceText(result)}</div>`}
<div class="stack" aria-hidden="true">${SHOWN.map(share)}</div>
<ul class="tiles">${SHOWN.map(tile)}</ul></div>
${result.warnings.length > 0 && markup`<ul class="warnings">${result.warnings.map((warning) => markup`<li>${warning}</li>`)}</ul>`}
${standingSection(result)}
<div class="grid">
<section class="panel"><h2>Score and coverage</h2><div class="score">
${bar('overall', result.score.overall, figure(result.score.overall), toneOf(result.score.overall))}
${dimensions}
${bar('coverage', result.coverage, `${figure(result.coverage)} %`, 'quiet', 'warn')}
${bar('map rows judged', of === 0 ? 0 : (100 * judged) / of, `${judged}/${of}`, 'quiet')}
</div><p class="dim">Overall is the lowest of correctness, idempotency and security. Coverage is the weight of what was witnessed; hatched is unknown, not wrong.</p></section>
<section class="panel"><h2>Run</h2><dl class="facts">
${fact('Run', markup`<code>${result.id}</code>${result.status === 'interrupted' && markup` <span class="pill tone-warn">interrupted</span>`}`)}
${fact('Seed', markup`<code>${result.seed}</code>`)}${fact('Run key', markup`<code>${result.runKey}</code>`)}
${fact('Started', `${day(result.startedAt)}, took ${seconds(elapsed(result))}`)}
${fact('Exit code', String(result.exitCode))}
${sandboxFacts(events).map(({ name, value }) => fact(name, value))}
</dl></section></div></header>`;
}

// Levels beside badges, what the next level lacks, and the gate; nothing where too little was run.
function standingSection(result: RunResult): Markup | false {
  const lines = standingLines(result);
  if (lines.length === 0) return false;
  const list = (kind: StandingLine['kind']): Markup | false => {
    const rows = lines.filter((line) => line.kind === kind);
    return rows.length > 0 && markup`<ul class="standing">${rows.map(standingRow)}</ul>`;
  };
  const next = nextLevel(result);
  const lacks = next && markup`<h3>To ${next.to} it lacks</h3><ul class="standing">${next.lacks.map(standingRow)}</ul>`;
  const [levels, badges, gate] = [list('level'), list('badge'), list('gate')];
  return markup`<div class="grid">
${levels && markup`<section class="panel"><h2>Levels</h2>${levels}${lacks}</section>`}
${(badges || gate) && markup`<section class="panel">${gate && markup`<h2>Gate</h2>${gate}`}${badges && markup`<h2>Badges</h2>${badges}`}</section>`}</div>`;
}

function standingRow({ kind, name, glyph, tone, text }: StandingLine): Markup {
  const isCheck = kind === 'lack' && /^[A-Z]{2}-\d\d$/.test(name);
  return markup`<li class="tone-${tone}"><span class="mark" aria-hidden="true">${glyph}</span><b>${isCheck ? markup`<a href="#${name}">${name}</a>` : name}</b> <span>${text}</span></li>`;
}

/** Every check in one table; the id leads to its details. */
export function checksTable(result: RunResult): Markup {
  const rows = worstFirst(result.checks).map((check) => {
    const cause =
      check.verdict !== 'pass' &&
      markup`<small>${check.reason}${decisive(check)?.channel && ` · ${decisive(check)?.channel}`}</small>`;
    return markup`<tr data-verdict="${check.verdict}"><td>${pill(check.verdict)}</td><td class="id"><a href="#${check.id}">${check.id}</a></td><td>${check.title}${cause}</td><td class="wide">${check.group}</td><td class="wide">${SEVERITY[check.severity]}</td><td class="wide num">${check.level}</td><td class="wide num">${seconds(check.durationMs)}</td></tr>\n`;
  });
  const button = (verdict: Verdict): Markup | false =>
    result.counts[verdict] > 0 &&
    markup`<button type="button" data-verdict="${verdict}" aria-pressed="false">${VERDICT[verdict].word} ${result.counts[verdict]}</button>`;
  return markup`<h2 id="checks">Checks</h2>
<div class="filters" hidden><button type="button" aria-pressed="true">all ${result.checks.length}</button>${VERDICTS.map(button)}</div>
<div class="panel scroll"><table class="checks"><thead><tr><th>Verdict</th><th>Id</th><th>What</th><th class="wide">Group</th><th class="wide">Severity</th><th class="wide num">Level</th><th class="wide num">Time</th></tr></thead><tbody>
${rows}</tbody></table></div>`;
}
