import type { CheckResult, Finding, InvariantResult } from '#conformance';
import type { MapRow, Proof } from '../definition.ts';
import { deeds } from '../excerpt.ts';
import { type Markup, markup } from '../markup.ts';
import { type JournalIndex, story } from '../model.ts';
import { sequenceSvg, sequenceTable } from '../sequence.ts';
import { decisive, failed, howMapped, replaysOf, SEVERITY, seconds, unknown, VERDICT } from '../words.ts';
import { pill } from './scorecard.ts';

/** What the details of a check are drawn from, besides the check. */
export interface Sources {
  index: JournalIndex;
  colours?: Readonly<Record<string, string>>;
  /** Rows of the map by `fields.csv:9`. */
  map: ReadonlyMap<string, MapRow>;
  proof?: Proof;
}

/** `fields.csv:9` of `fields.csv:9 Contact.MobilePhone`; also the anchor of that row. */
export const rowKey = (row: string): string => row.split(' ')[0] ?? row;
export const rowAnchor = (key: string): string => `map-${key.replace(/[^\w.]+/g, '-')}`;

/** Marks what differs between two texts: the part between their common beginning and end. */
export function differing(text: string, other: string): Markup {
  const [a, b] = [[...text], [...other]];
  let from = 0;
  while (from < a.length && from < b.length && a[from] === b[from]) from++;
  let back = 0;
  while (back < a.length - from && back < b.length - from && a[a.length - 1 - back] === b[b.length - 1 - back]) back++;
  const middle = a.slice(from, a.length - back).join('');
  if (middle.length > 0.6 * a.length) return markup`${text}`; // two different texts: marking nearly all of it shows nothing
  return markup`${a.slice(0, from).join('')}${middle && markup`<mark>${middle}</mark>`}${a.slice(a.length - back).join('')}`;
}

function sides({ expected, actual }: Finding): Markup | false {
  if (expected === undefined && actual === undefined) return false;
  const [want, got] = [expected ?? 'nothing', actual ?? 'nothing'];
  return markup`<div class="sides"><div class="side tone-good"><h4>Expected</h4><pre>${differing(want, got)}</pre></div><div class="side tone-bad"><h4>Actual</h4><pre>${differing(got, want)}</pre></div></div>`;
}

function mapRow(row: string, map: Sources['map']): Markup {
  const key = rowKey(row);
  const found = map.get(key);
  if (!found) return markup`<code>${row}</code>`;
  return markup`<a href="#${rowAnchor(key)}"><code>${row}</code></a><br><span class="dim">${howMapped(found)}</span>`;
}

function diagram(item: Parameters<typeof story>[0], id: string, sources: Sources): Markup | false {
  const told = story(item, sources.index, { colours: sources.colours });
  if (told.steps.every((step) => step.events.length === 0)) return false;
  return markup`<figure><figcaption>What happened, from the journal. Times count from the first row; red is the first violation, amber is evidence; what the sync did inside is inferred.</figcaption><div class="scroll">${sequenceSvg(told, `sequence-${id}`)}</div></figure>
<details><summary>The same as a list, with every detail</summary><div class="scroll">${sequenceTable(told)}</div></details>`;
}

function otherFindings(findings: Finding[]): Markup | false {
  if (findings.length === 0) return false;
  const rows = findings.map(
    (f) =>
      markup`<tr><td>${f.reason}</td><td>${f.message}${f.sub && markup`<br><span class="dim">${f.sub}</span>`}</td><td>${f.row && markup`<code>${f.row}</code>`}</td><td>${f.expected}</td><td>${f.actual}</td></tr>\n`,
  );
  return markup`<details><summary>${findings.length} more ${findings.length === 1 ? 'finding' : 'findings'}</summary><div class="scroll"><table><thead><tr><th>Reason</th><th>What</th><th>Map row</th><th>Expected</th><th>Actual</th></tr></thead><tbody>${rows}</tbody></table></div></details>`;
}

const settledText = (check: CheckResult): string[] =>
  check.settled.map(({ label, by, waitedMs }) => `${label}: ${by}, after ${seconds(waitedMs)}`);

// A verdict is worth as much as what the check was seen to fail.
function proven(check: CheckResult, { proof }: Pick<Sources, 'proof'>): Markup | false {
  const killers = proof?.killers[check.id] ?? [];
  if (killers.length === 0) return false;
  const seen = killers.filter((one) => one.seen).length;
  const when = proof?.at
    ? `the matrix of ${proof.at} saw ${seen === killers.length ? 'all of it' : `${seen} of ${killers.length}`}`
    : 'the whole matrix was not run on this version yet';
  const what = killers.length === 1 ? 'one broken sync' : `${killers.length} broken syncs`;
  return markup`<details class="proof"><summary>Why to trust this check: it has to fail ${what}</summary><ul>${killers.map(({ mutant, breaks, reason, seen: was }) => markup`<li><code>${mutant}</code> for <code>${reason}</code>${proof?.at && !was && ' (not seen)'}: ${breaks}</li>`)}</ul><p class="dim">Each is the bundled sync with one behaviour broken; ${when}. See docs/mutants.md, or run <code>npx syncproof matrix --only ${killers[0]!.mutant}</code>.</p></details>`;
}

const replay = (command: string): Markup => markup`<div class="replay"><b>Replay</b><code>${command}</code></div>`;

/** A check that failed or could not be judged: cause, map row, expected and actual, harm, evidence, replay. */
export function article(check: CheckResult, sources: Sources): Markup {
  const finding = decisive(check);
  const rest = check.findings.filter((f) => f !== finding);
  const done = deeds(check, sources.index);
  return markup`<article class="panel check tone-${VERDICT[check.verdict].tone}" id="${check.id}">
<header>${pill(check.verdict)}<h3>${check.id} ${check.title}</h3><span class="about">${check.group} · ${SEVERITY[check.severity]} · level ${check.level} · ${seconds(check.durationMs)}</span></header>
<p class="cause">${check.message}</p>
<dl class="facts"><dt>Reason</dt><dd><code>${check.reason}</code>${finding?.sub && ` in “${finding.sub}”`}</dd>${finding?.channel && markup`<dt>Channel</dt><dd>${finding.channel}</dd>`}${finding?.row && markup`<dt>Map row</dt><dd>${mapRow(finding.row, sources.map)}</dd>`}<dt>Required</dt><dd>${check.requirement}</dd>${done && markup`<dt>Done</dt><dd>${done}</dd>`}</dl>
${finding && sides(finding)}
${failed(check) && markup`<div class="harm"><b>What this does in a clinic</b>${check.harm}</div>`}
${diagram(check, check.id, sources)}
${otherFindings(rest)}
${check.reproduced && markup`<p class="dim">Replays: ${replaysOf(check)}</p>`}${replay(check.replay)}
${proven(check, sources)}</article>
`;
}

/** A check that needs no explaining: one line, with its reason to believe behind it. */
export function foldedRow(check: CheckResult, sources: Pick<Sources, 'proof'>): Markup {
  const settled = settledText(check);
  const short = check.verdict === 'pass' ? (check.settled.at(-1)?.by ?? '') : check.reason;
  const message = check.message && markup`<p>${check.message}</p>`;
  const list = settled.length > 0 && markup`<p>Settled: ${settled.join('; ')}.</p>`;
  return markup`<details class="row" id="${check.id}"><summary>${pill(check.verdict)}<b class="id">${check.id}</b><span>${check.title}</span><span class="settled">${short}</span></summary><div>${message}<p class="dim">Required: ${check.requirement}</p>${list}${replay(check.replay)}${proven(check, sources)}</div></details>
`;
}

/** The global rules: held by how many cohorts, and where not. */
export function invariants(rows: readonly InvariantResult[], sources: Sources): Markup {
  const groups = [...Map.groupBy(rows, (row) => row.id)].map(([id, all]) => {
    const bad = all.filter((row) => failed(row) || unknown(row));
    const worst = bad.find(failed)?.verdict ?? bad[0]?.verdict ?? all[0]?.verdict ?? 'pass';
    const told = bad.map((row, i) => {
      const finding = decisive(row);
      const item = {
        timeline: [],
        findings: row.findings,
        settled: [],
        verdict: row.verdict,
        reason: finding?.reason ?? '',
        message: finding?.message ?? '',
      };
      return markup`<article class="panel check tone-${VERDICT[row.verdict].tone}"><header>${pill(row.verdict)}<h3>${id}, people of <a href="#${row.cohort.split('/')[0]}">${row.cohort}</a></h3></header><p class="cause">${finding?.message ?? row.title}</p>${finding?.row && markup`<dl class="facts"><dt>Map row</dt><dd>${mapRow(finding.row, sources.map)}</dd></dl>`}${finding && sides(finding)}${diagram(item, `${id}-${i}`, sources)}${row.harm && failed(row) && markup`<div class="harm"><b>What this does in a clinic</b>${row.harm}</div>`}${otherFindings(row.findings.filter((f) => f !== finding))}</article>`;
    });
    const line = markup`<tr><td>${pill(worst)}</td><td class="id">${id}</td><td>${all[0]?.title}</td><td class="num">${all.length - bad.length} of ${all.length}</td></tr>\n`;
    return { line, told };
  });
  return markup`<h2 id="invariants">Invariants</h2><p class="dim">Rules that hold for every person, judged per cohort (the people of one check), so that one violation does not fail the checks beside it.</p>
<div class="panel scroll"><table><thead><tr><th>Verdict</th><th>Id</th><th>Rule</th><th class="num">Cohorts where it held</th></tr></thead><tbody>
${groups.map((group) => group.line)}</tbody></table></div><div style="height:16px"></div>
${groups.map((group) => group.told)}`;
}
