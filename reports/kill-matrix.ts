import { STYLE } from './html/style.ts';
import { type Markup, markup, raw } from './markup.ts';

/** What each mutant of the reference sync was failed by, for a page. */
export interface KillMatrix {
  /** All checks, in their order. */
  checks: readonly string[];
  mutants: readonly {
    id: string;
    kind: 'broken' | 'lawful' | 'null';
    blind: boolean;
    wrong: readonly string[];
    kills: readonly { check: string; reason: string }[];
    failed: readonly { check: string; reason: string }[];
  }[];
}

type Mutant = KillMatrix['mutants'][number];

const cell = ({ kills, failed, kind }: Mutant, check: string): Markup => {
  const kill = kills.find((one) => one.check === check);
  const seen = failed.find((one) => one.check === check);
  if (kill) return markup`<td title="${check}: ${kill.reason}">${seen ? '●' : '✗'}</td>`;
  return seen && kind !== 'null' ? markup`<td class="dim" title="${check}: ${seen.reason}">○</td>` : markup`<td></td>`;
};

/** The kill matrix as one self-contained page: a row for each check, a column for each mutant that must fail one. */
export function killMatrix({ checks, mutants }: KillMatrix): string {
  const broken = mutants.filter(({ kind }) => kind === 'broken');
  const odd = mutants.filter(({ wrong }) => wrong.length > 0);
  const rows = checks.map((check) => {
    const by = broken.filter(({ kills }) => kills.some((one) => one.check === check));
    const reasons = by.map(
      ({ id, kills }) => markup`${id} <span class="dim">${kills.find((one) => one.check === check)!.reason}</span> `,
    );
    return markup`<tr><th>${check}</th><td>${by.length === 0 ? 'unproven' : reasons}</td>${broken.map((one) => cell(one, check))}</tr>\n`;
  });
  const heads = broken.map(({ id, blind }) => markup`<th class="up" title="${id}${blind && ' (blind)'}">${id}</th>`);
  const wrong = odd.map(({ id, wrong }) => markup`<li><b>${id}</b> ${wrong.join('; ')}</li>`);
  return markup`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Kill matrix</title>
<style>${raw(STYLE)} th.up { writing-mode: vertical-rl; font-weight: normal } td { text-align: left }</style>
<h1>Kill matrix</h1>
<p class="dim">● failed, as it must; ✗ must fail, and did not; ○ failed beside its kills, as it may.
${mutants.filter(({ kind }) => kind === 'lawful').length} lawful variants and ${mutants.filter(({ kind }) => kind === 'null').length} nulls have no column.</p>
${odd.length > 0 ? markup`<h2>Not as expected</h2><ul>${wrong}</ul>` : markup`<p>All were as expected.</p>`}
<table><thead><tr><th>Check</th><th>failed by, for</th>${heads}</tr></thead><tbody>
${rows}</tbody></table></html>
`.text;
}
