import type { CheckResult, RunResult } from '#conformance';
import type { JournalEvent } from '#kernel';
import { defineReport, type MapRow } from './definition.ts';
import { changeOf, deeds, excerpt } from './excerpt.ts';
import { clip, visible, visibleData } from './markup.ts';
import { JournalIndex, story } from './model.ts';
import { remarks } from './remarks.ts';
import { sequenceLines } from './sequence.ts';
import {
  DISCLAIMER,
  decisive,
  elapsed,
  exitSentence,
  failed,
  failures,
  figure,
  firstFailure,
  headline,
  howMapped,
  latencyText,
  nextLevel,
  replaysOf,
  SEVERITY,
  type StandingLine,
  seconds,
  sinceText,
  standingLines,
  type Tone,
  unknown,
  VERDICT,
  VERDICTS,
} from './words.ts';

export interface TerminalOptions {
  colour: boolean;
  /** Columns; lines are cut or wrapped to fit. 100 when absent. */
  width?: number;
  /** The run's journal: with it the first failure shows where on the timeline it happened. */
  events?: readonly JournalEvent[];
  /** Rows of the data map: with them it says how the map makes what was expected. */
  map?: readonly MapRow[];
}

const CODES: Record<Tone | 'bold' | 'dim', string> = {
  good: '32',
  bad: '31',
  warn: '33',
  void: '35',
  quiet: '2',
  bold: '1',
  dim: '2',
};
type Paint = (style: keyof typeof CODES, text: string) => string;
const painter =
  (colour: boolean): Paint =>
  (style, text) =>
    colour ? `\x1b[${CODES[style]}m${text}\x1b[0m` : text;

/** Breaks a text at spaces into lines of at most `width` characters. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of visible(text).split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function checkLine(check: CheckResult, width: number, paint: Paint): string {
  const { glyph, word, tone } = VERDICT[check.verdict];
  const room = Math.max(16, width - 46);
  const title = clip(check.title, room).padEnd(room);
  const time = seconds(check.durationMs).padStart(8);
  return `  ${paint(tone, glyph)} ${check.id.padEnd(6)} ${title} ${paint('dim', SEVERITY[check.severity].padEnd(8))} ${paint(tone, word.padEnd(14))}${paint('dim', time)}`;
}

const firstLines = (lines: string[], max: number): string[] =>
  lines.length <= max ? lines : [...lines.slice(0, max - 1), `${lines[max - 1]} …`];

/** Rows of the timeline in the explanation of a failure. */
const ROWS = 8;

interface Explained {
  width: number;
  paint: Paint;
  events: readonly JournalEvent[];
  map: readonly MapRow[];
}

/** What was done, what asked for what, expected and actual, where it went wrong, harm and how to see it again: within one screen. */
function explain(check: CheckResult, { width, paint, events, map }: Explained): string[] {
  const finding = decisive(check);
  const index = new JournalIndex(events);
  const field = (name: string, text: string | undefined, max = 2): string[] =>
    text === undefined
      ? []
      : firstLines(wrap(text, width - 14), max).map((line, i) => `  ${paint('dim', (i === 0 ? name : '').padEnd(10))}  ${line}`);
  const row = map.find((one, i) => (one.row ?? `fields.csv:${i + 2}`) === finding?.row?.split(' ')[0]);
  const rest = check.findings.length - 1;
  const more = rest > 0 ? [`  ${paint('dim', `and ${rest} more ${rest === 1 ? 'finding' : 'findings'} in this check`)}`] : [];
  const tag = `(${SEVERITY[check.severity]}, level ${check.level}, ${check.reason})`;
  const title = clip(check.title, Math.max(20, width - check.id.length - tag.length - 4));
  const where = [finding?.channel, finding?.sub && `“${finding.sub}”`].filter(Boolean).join(', ');
  const timeline = events.length > 0 ? timelineOf(check, index, { width, paint }) : [];
  return [
    `${paint('bad', '✗')} ${paint('bold', `${check.id} ${title}`)} ${paint('dim', tag)}`,
    ...field('what', check.message, 3),
    ...field('done', deeds(check, index)),
    ...(finding?.row
      ? field('map row', [finding.row, row && howMapped(row)].filter(Boolean).join(': '))
      : field('required', check.requirement)),
    ...field('channel', where || undefined, 1),
    ...field('expected', finding?.expected),
    ...field('actual', finding?.actual ?? (finding?.expected === undefined ? undefined : 'nothing')),
    ...(timeline.length > 0
      ? [`  ${paint('dim', 'timeline')}`, ...timeline]
      : field('evidence', finding?.evidence.join(' ') || undefined, 1)),
    ...field('harm', check.harm),
    ...field('replays', replaysOf(check) || undefined),
    ...field('replay', check.replay, 99),
    ...more,
  ];
}

// The rows by which the failure is understood, with what became of the field in question.
function timelineOf(check: CheckResult, index: JournalIndex, { width, paint }: Pick<Explained, 'width' | 'paint'>): string[] {
  const told = story(check, index);
  const rows = excerpt(told.steps, ROWS);
  const lines = visibleData(sequenceLines({ ...told, steps: rows }));
  return rows.flatMap((row, i) => {
    const mark = row.role === 'violation' ? '✗' : row.role === 'evidence' ? '•' : ' ';
    const line = `    ${mark} ${clip(lines[i]!.text, width - 8)}`;
    const change = row.role === 'violation' ? changeOf(decisive(check), row) : undefined;
    return [
      ...(row.gap ? [paint('dim', `${' '.repeat(16)}⋮`)] : []),
      row.role === 'violation' ? paint('bad', line) : line,
      ...(change ? [paint('bad', `${' '.repeat(19)}${clip(visible(change), width - 21)}`)] : []),
    ];
  });
}

/** How many things that stand in the way of a level are named. */
const NAMED = 6;

// Levels, what the next one lacks, badges and gate: what a run that counts stands at.
function standingBlock(result: RunResult, width: number, paint: Paint): string[] {
  const lines = standingLines(result);
  const row = (head: string, { glyph, tone, name, text }: StandingLine, room: number): string =>
    `  ${paint('dim', head.padEnd(9))}  ${paint(tone, glyph)} ${clip(`${name.padEnd(room)} ${text}`, width - 15)}`;
  const of = (kind: StandingLine['kind'], head: string): string[] => {
    const rows = lines.filter((line) => line.kind === kind);
    const room = Math.max(0, ...rows.map(({ name }) => name.length));
    return rows.map((line, i) => row(i === 0 ? head : '', line, room));
  };
  const next = nextLevel(result);
  const lacks = next?.lacks.slice(0, NAMED) ?? [];
  const more = (next?.lacks.length ?? 0) - lacks.length;
  const latency = latencyText(result);
  const since = sinceText(result);
  return [
    ...of('level', 'levels'),
    ...(next ? [`  ${paint('dim', 'to')}         ${next.to} it lacks`] : []),
    ...lacks.map((line) => row('', line, Math.max(...lacks.map(({ name }) => name.length)))),
    ...(more > 0 ? [`             and ${more} more`] : []),
    ...of('badge', 'badges'),
    ...(latency ? [`  ${paint('dim', 'latency')}    ${latency}`] : []),
    ...(since ? [`  ${paint('dim', 'since')}      ${clip(since, width - 13)}`] : []),
    ...of('gate', 'gate'),
  ];
}

/** The result for a terminal: every check, what it adds up to, and the first failure explained. Ends with a line feed. */
export function scorecard(given: RunResult, { colour, width = 100, events = [], map = [] }: TerminalOptions): string {
  const result = visibleData(given);
  const paint = painter(colour);
  const { text, tone } = headline(result);
  const first = firstFailure(result);
  const others = failures(result).slice(1);
  const odd = result.checks.filter(unknown);
  const invariants = [...Map.groupBy(result.invariants, (row) => row.id)].flatMap(([id, rows]) => {
    const bad = rows.filter((row) => failed(row) || unknown(row));
    const held = `${rows.length - bad.length} of ${rows.length} cohorts`;
    const line = `  ${paint(bad.some(failed) ? 'bad' : bad.length > 0 ? 'warn' : 'good', bad.some(failed) ? '✗' : bad.length > 0 ? '?' : '✓')} ${id}     ${clip(rows[0]?.title ?? '', width - 34)} ${paint('dim', held)}`;
    return [
      line,
      ...bad.slice(0, 3).map((row) => `      ${clip(`${row.cohort}: ${decisive(row)?.message ?? row.verdict}`, width - 8)}`),
    ];
  });
  const scores = Object.entries(result.score.dimensions).map(([name, value]) => `${name} ${figure(value)}`);
  const counts = VERDICTS.filter((v) => result.counts[v] > 0).map((v) =>
    paint(VERDICT[v].tone, `${result.counts[v]} ${VERDICT[v].word}`),
  );
  const oneLine = (check: CheckResult): string => {
    const { glyph, tone } = VERDICT[check.verdict];
    const said = `${check.reason}: ${check.message}`;
    return `  ${paint(tone, glyph)} ${check.id.padEnd(6)} ${clip(said, width - 12)}`;
  };
  const lines = [
    `${paint('bold', `${result.subject.name} ${result.subject.version}`)}   seed ${result.seed}   run ${result.id}`,
    '',
    ...result.checks.map((check) => checkLine(check, width, paint)),
    ...(invariants.length > 0 ? ['', '  Invariants', ...invariants] : []),
    '',
    `  ${paint('bold', paint(tone, text))}`,
    ...wrap(result.level, width - 2).map((line) => `  ${line}`),
    ...standingBlock(result, width, paint),
    `  counts     ${counts.join(', ') || 'none'}`,
    `  score      overall ${figure(result.score.overall)}${scores.length > 0 ? ` (${scores.join(', ')})` : ''}`,
    `  coverage   ${figure(result.coverage)} % of the weight witnessed; ${result.mapCoverage.judged} of ${result.mapCoverage.of} map rows judged`,
    `  seed       ${result.seed}   run key ${result.runKey}   ${seconds(elapsed(result))}`,
    ...result.warnings.flatMap((warning) =>
      wrap(warning, width - 13).map((line, i) => `  ${paint('warn', i === 0 ? 'warning' : '       ')}    ${line}`),
    ),
    ...(first ? ['', ...explain(first, { width, paint, events, map: visibleData(map) })] : []),
    ...(others.length > 0 ? ['', '  Also failed', ...others.map(oneLine)] : []),
    ...(odd.length > 0 ? ['', '  Could not be judged', ...odd.map(oneLine)] : []),
    ...remarks(result).flatMap(({ title, lines: said }) => [
      '',
      `  ${title}`,
      ...said.flatMap((line) => wrap(line, width - 6).map((part, i) => `${i === 0 ? '    ' : '      '}${part}`)),
    ]),
    '',
    ...wrap(DISCLAIMER, width - 2).map((line) => `  ${paint('dim', line)}`),
    `  exit ${result.exitCode}: ${exitSentence(result)}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** Prints each check as it ends. On a terminal, a last line says what is running; elsewhere nothing is ever overwritten. */
export function liveProgress(
  write: (text: string) => void,
  { tty, colour = tty, width = 100 }: { tty: boolean; colour?: boolean; width?: number },
) {
  const paint = painter(colour);
  const running = new Map<string, string>();
  const erase = (): string => (tty ? '\r\x1b[2K' : '');
  const status = (): string => {
    if (!tty || running.size === 0) return '';
    return paint('dim', clip(`  … ${running.size} running: ${[...running.keys()].join(' ')}`, width - 1));
  };
  return {
    started(check: Pick<CheckResult, 'id' | 'title'>): void {
      running.set(check.id, check.title);
      write(tty ? `${erase()}${status()}` : `  … ${check.id.padEnd(6)} ${clip(visible(check.title), width - 12)}\n`);
    },
    finished(done: CheckResult): void {
      const check = visibleData(done);
      running.delete(check.id);
      const cause =
        failed(check) || unknown(check) ? `           ${clip(`${check.reason}: ${check.message}`, width - 12)}\n` : '';
      write(`${erase()}${checkLine(check, width, paint)}\n${cause}${status()}`);
    },
    /** A line of another kind: a phase, a warning. */
    say(text: string): void {
      write(`${erase()}  ${visible(text)}\n${status()}`);
    },
    /** Takes the status line away. */
    close(): void {
      running.clear();
      write(erase());
    },
  };
}

export const terminal = defineReport({
  name: 'terminal',
  file: 'scorecard.txt',
  doc: 'The scorecard that the command line prints, without colour.',
  render: ({ result, events, map }) => scorecard(result, { colour: false, events, map }),
});
