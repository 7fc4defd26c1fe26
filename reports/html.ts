import { createHash } from 'node:crypto';
import type { RunResult } from '#conformance';
import type { JournalEvent } from '#kernel';
import { defineReport, type MapRow, type Proof } from './definition.ts';
import { article, foldedRow, invariants, rowAnchor, rowKey } from './html/details.ts';
import { checksTable, top } from './html/scorecard.ts';
import { SCRIPT, STYLE } from './html/style.ts';
import { type Markup, markup, raw } from './markup.ts';
import { JournalIndex } from './model.ts';
import { remarks } from './remarks.ts';
import { DISCLAIMER, failed, failures, SEVERITY, unknown, VERDICT, VERDICTS } from './words.ts';

export interface HtmlExtra {
  map?: readonly MapRow[];
  /** Colour of each fault on the timeline, by name. */
  colours?: Readonly<Record<string, string>>;
  proof?: Proof;
}

// Belt and braces beside escaping: the page may load nothing, and run only the script whose digest stands here.
const policy = (): string => {
  const digest = createHash('sha256').update(SCRIPT).digest('base64');
  return `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'`;
};

const MAP_COLUMNS = ['source', 'v2', 'transform', 'owner', 'on_missing', 'on_invalid'] as const;

function mapTable(map: ReadonlyMap<string, MapRow>, bad: ReadonlySet<string>): Markup | false {
  if (map.size === 0) return false;
  const rows = [...map].map(
    ([key, row]) =>
      markup`<tr id="${rowAnchor(key)}"${bad.has(key) && markup` class="bad"`}><td class="id">${key}</td><td><b>${row.object}.${row.field}</b></td>${MAP_COLUMNS.map((column) => markup`<td class="${['source', 'owner'].includes(column) ? '' : 'wide'}">${row[column]}</td>`)}</tr>\n`,
  );
  const heads = MAP_COLUMNS.map(
    (column) => markup`<th class="${['source', 'owner'].includes(column) ? '' : 'wide'}">${column.replace('_', ' ')}</th>`,
  );
  return markup`<h2 id="map">Data map</h2><p class="dim">The spreadsheet that says what was expected. Rows named by a failure are marked.</p>
<details${bad.size > 0 && markup` open`}><summary>${map.size} rows</summary><div class="panel scroll"><table class="map"><thead><tr><th>Row</th><th>Field</th>${heads}</tr></thead><tbody>
${rows}</tbody></table></div></details>`;
}

const GLOSSARY: [string, string][] = [
  ...VERDICTS.map((verdict): [string, string] => [VERDICT[verdict].word, VERDICT[verdict].meaning]),
  ['severity', `${Object.values(SEVERITY).join(', ')}; a level needs all of its blockers`],
  ['truth', 'what was committed in the simulated EHR'],
  ['settled', 'why the judge believed that nothing more would come'],
  ['cohort', 'the fresh people of one check'],
  ['data map', "the team's spreadsheet of what goes where; expectations are computed from it"],
  ['journal', 'the record of everything observable; verdicts are computed from it alone, and can be computed again'],
  ['replay', 'repeats the stimuli of the seed; schedules repeat only where gates decided them'],
];

/** The report as one self-contained page: opens from a file, loads nothing, needs no script. */
export function renderHtml(result: RunResult, events: readonly JournalEvent[], extra: HtmlExtra = {}): string {
  const map = new Map((extra.map ?? []).map((row, i) => [row.row ?? `fields.csv:${i + 2}`, row]));
  const sources = { index: new JournalIndex(events), colours: extra.colours, proof: extra.proof, map };
  const bad = failures(result);
  const odd = result.checks.filter(unknown);
  const passed = result.checks.filter((check) => check.verdict === 'pass');
  const rest = result.checks.filter((check) => check.verdict === 'not-applicable' || check.verdict === 'attested');
  const findings = [...result.checks, ...result.invariants].filter(failed).flatMap((item) => item.findings);
  const badRows = new Set(findings.flatMap((finding) => (finding.row ? [rowKey(finding.row)] : [])));
  const sections: { id: string; name: string; body: Markup | false }[] = [
    // The one to begin with stands before the table of all; the others after it.
    {
      id: 'failures',
      name: bad.length > 1 ? `First of ${bad.length} failures` : 'The failure',
      body: bad.length > 0 && markup`<h2 id="failures">Start here</h2>${bad.slice(0, 1).map((check) => article(check, sources))}`,
    },
    { id: 'checks', name: 'Checks', body: checksTable(result) },
    {
      id: 'more-failures',
      name: `Other failures (${bad.length - 1})`,
      body:
        bad.length > 1 &&
        markup`<h2 id="more-failures">Other failures</h2>${bad.slice(1).map((check) => article(check, sources))}`,
    },
    ...remarks(result).map(({ title, lines }) => {
      const id = title.toLowerCase().replaceAll(/\W+/g, '-');
      const list = markup`<ul class="remarks">${lines.map((line) => markup`<li>${line}</li>`)}</ul>`;
      return { id, name: title, body: markup`<h2 id="${id}">${title}</h2><div class="panel">${list}</div>` };
    }),
    {
      id: 'unknown',
      name: `Not judged (${odd.length})`,
      body: odd.length > 0 && markup`<h2 id="unknown">Could not be judged</h2>${odd.map((check) => article(check, sources))}`,
    },
    { id: 'invariants', name: 'Invariants', body: result.invariants.length > 0 && invariants(result.invariants, sources) },
    {
      id: 'passed',
      name: `Passed (${passed.length})`,
      body:
        passed.length > 0 &&
        markup`<h2 id="passed">Passed</h2><div class="panel">${passed.map((check) => foldedRow(check, sources))}</div>`,
    },
    {
      id: 'rest',
      name: `Not applicable or attested (${rest.length})`,
      body:
        rest.length > 0 &&
        markup`<h2 id="rest">Not applicable, attested</h2><div class="panel">${rest.map((check) => foldedRow(check, sources))}</div>`,
    },
    { id: 'map', name: 'Data map', body: mapTable(map, badRows) },
  ];
  const present = sections.filter((section) => section.body);
  return markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${raw(policy())}"><meta name="referrer" content="no-referrer">
<title>${result.subject.name}: ${result.counts.fail + result.counts.unstable} failed, ${result.counts.pass} passed (Syncproof)</title>
<style>${raw(STYLE)}</style></head><body>
${top(result, events)}
<nav>${present.map((section) => markup`<a href="#${section.id}">${section.name}</a>`)}<a href="#glossary">Glossary</a></nav>
<main>
${present.map((section) => section.body)}
</main>
<footer id="glossary"><p>${DISCLAIMER}</p><dl class="glossary">${GLOSSARY.map(([term, meaning]) => markup`<div><dt>${term}</dt><dd>${meaning}</dd></div>`)}</dl>
<p>Seed <code>${result.seed}</code>. It repeats the stimuli, not the schedule of the sync itself.</p></footer>
<script>${raw(SCRIPT)}</script></body></html>
`.text;
}

export const html = defineReport({
  name: 'html',
  file: 'report.html',
  doc: 'One page that opens offline: scorecard, each failure with its evidence, the data map.',
  render: ({ result, events, map, colours }) => renderHtml(result, events, { map, colours }),
});
