import type { CheckResult, RunResult } from '#conformance';
import { defineReport } from './definition.ts';
import { escapeMarkdown as md, visible } from './markup.ts';
import { remarks } from './remarks.ts';
import {
  DISCLAIMER,
  decisive,
  elapsed,
  failed,
  failures,
  figure,
  headline,
  latencyText,
  nextLevel,
  replaysOf,
  SEVERITY,
  seconds,
  sinceText,
  standingLines,
  unknown,
  VERDICT,
  VERDICTS,
} from './words.ts';

const ICON = { good: '🟢', bad: '🔴', warn: '🟡', void: '🟣', quiet: '⚪' } as const;
const code = (text: string): string => `\`${visible(text).replaceAll('`', "'").replace(/\s+/g, ' ')}\``;

function failure(check: CheckResult): string {
  const finding = decisive(check);
  const expected =
    finding?.expected === undefined
      ? []
      : [`  - expected ${code(finding.expected)}, actual ${code(finding.actual ?? 'nothing')}`];
  return [
    `- **${check.id} ${md(check.title)}** (${SEVERITY[check.severity]}): ${md(check.message)}`,
    ...(finding?.row ? [`  - map row ${code(finding.row)}`] : []),
    ...expected,
    `  - harm: ${md(check.harm)}`,
    ...(check.reproduced ? [`  - ${md(replaysOf(check))}`] : []),
    `  - replay: ${code(check.replay)}`,
  ].join('\n');
}

// Levels, badges and gate as a table, with what the next level lacks below it.
function standingTable(result: RunResult): string[] {
  const lines = standingLines(result);
  const next = nextLevel(result);
  const latency = latencyText(result);
  const since = sinceText(result);
  const rows = lines.map(({ kind, glyph, name, text }) => `| ${glyph} | ${kind} | ${md(name)} | ${md(text)} |`);
  return [
    ...(rows.length > 0 ? [`| | | | |\n|---|---|---|---|\n${rows.join('\n')}`] : []),
    ...(latency ? [`latency ${md(latency)}`] : []),
    ...(since ? [`since the run that it was held against: **${md(since)}**`] : []),
    ...(next
      ? [
          `To ${md(next.to)} it lacks:\n\n${next.lacks.map(({ glyph, name, text }) => `- ${glyph} **${md(name)}** ${md(text)}`).join('\n')}`,
        ]
      : []),
  ];
}

/** What `$GITHUB_STEP_SUMMARY` shows: the scorecard, the first three failures with their cause, the rest folded away. */
export const github = defineReport({
  name: 'github',
  file: 'summary.md',
  doc: 'Markdown for the summary page of a GitHub Actions run.',
  render({ result }) {
    const { text, tone } = headline(result);
    const bad = failures(result);
    const broken = result.invariants.filter((row) => failed(row) || unknown(row));
    const scores = Object.entries({ overall: result.score.overall, ...result.score.dimensions });
    const { judged, of } = result.mapCoverage;
    return `${[
      `## ${ICON[tone]} ${md(text)}`,
      `${md(result.subject.name)} ${md(result.subject.version)} · ${`**${md(result.level)}**`} · seed ${code(result.seed)} · ${seconds(elapsed(result))}`,
      `| ${VERDICTS.map((v) => VERDICT[v].word).join(' | ')} |\n|${VERDICTS.map(() => '---:|').join('')}\n| ${VERDICTS.map((v) => result.counts[v]).join(' | ')} |`,
      `score ${scores.map(([name, value]) => `${md(name)} **${figure(value)}**`).join(' · ')} · coverage **${figure(result.coverage)}** % · map rows judged **${judged}** of ${of}`,
      ...standingTable(result),
      ...result.warnings.map((warning) => `> ⚠️ ${md(warning)}`),
      ...(bad.length > 0 ? ['### Failures', bad.slice(0, 3).map(failure).join('\n')] : []),
      ...(bad.length > 3
        ? [`<details><summary>${bad.length - 3} more</summary>\n\n${bad.slice(3).map(failure).join('\n')}\n</details>`]
        : []),
      ...(broken.length > 0
        ? [
            '### Invariants',
            broken
              .map(
                (row) =>
                  `- **${row.id}** ${VERDICT[row.verdict].word}, people of ${md(row.cohort)}: ${md(decisive(row)?.message ?? row.title)}`,
              )
              .join('\n'),
          ]
        : []),
      ...remarks(result).flatMap(({ title, lines }) => [`### ${md(title)}`, lines.map((line) => `- ${md(line)}`).join('\n')]),
      `<details><summary>All ${result.checks.length} checks</summary>\n\n| | check | | verdict | |\n|---|---|---|---|---:|\n${result.checks
        .map(
          (c) =>
            `| ${VERDICT[c.verdict].glyph} | ${c.id} ${md(c.title)} | ${SEVERITY[c.severity]} | ${VERDICT[c.verdict].word} | ${seconds(c.durationMs)} |`,
        )
        .join('\n')}\n</details>`,
      `<sub>${DISCLAIMER}</sub>`,
    ].join('\n\n')}\n`;
  },
});
