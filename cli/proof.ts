import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { type CheckResult, PROOF_FILE, type ProofFile } from '#conformance';
import type { Entry } from './ledger.ts';
import { table } from './markdown.ts';

/** What a mutant showed, for readers. */
export interface ShownMutant {
  id: string;
  kind: 'broken' | 'lawful' | 'null';
  blind: boolean;
  ms: number;
  /** What was not as expected. */
  wrong: readonly string[];
  kills: readonly { check: string; reason: string }[];
  failed: readonly { check: string; reason: string }[];
}

/** What the checks said of the clean reference with one seed. */
export interface SeedRun extends Entry {
  ms: number;
  passed: number;
  /** Whatever is neither passed nor not applicable. */
  odd: Pick<CheckResult, 'id' | 'verdict' | 'reason' | 'message'>[];
  /** The longest that the sandbox stood still. */
  lagMs: number;
}

/** A sandbox that stands still for longer judges its machine. */
const STILL_MS = 500;

export function outcomeOf({ odd, lagMs }: Pick<SeedRun, 'odd' | 'lagMs'>): 'void' | 'failed' | 'passed' {
  if (lagMs > STILL_MS) return 'void';
  return odd.some(({ verdict }) => verdict !== 'untestable') ? 'failed' : 'passed';
}

const PAGE = 'docs/proof.md';
type Part = 'seeds' | 'mutants';
const PARTS: readonly Part[] = ['seeds', 'mutants'];

const HEAD = `# What the checks were proven on

Dated outcomes of the two long series, written by the runs themselves: \`npm run matrix\` and \`npm run matrix -- --seeds 50\`. Both
go on where they were ended. Which mutant is there for which check is in [the mutants](mutants.md) and [the kill matrix](matrix.md).
`;

/** The page with one part of it written anew; the other stays as it was. */
export function withPart(page: string | undefined, part: Part, text: string): string {
  const held = (one: Part): string =>
    new RegExp(`<!-- ${one} -->\\n([\\s\\S]*?)<!-- /${one} -->`).exec(page ?? '')?.[1] ??
    `\n## ${TITLES[one]}\n\nNot run yet.\n\n`;
  const parts = PARTS.map((one) => `<!-- ${one} -->\n${one === part ? text : held(one)}<!-- /${one} -->\n`);
  return [HEAD, ...parts].join('\n');
}

const TITLES: Record<Part, string> = { seeds: 'The clean reference over many seeds', mutants: 'The mutants' };

export function writeProof(part: Part, text: string): void {
  writeFileSync(PAGE, withPart(existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : undefined, part, text));
}

const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
const seconds = (ms: number): string => `${(ms / 1000).toFixed(0)} s`;
const where = (): string => `Node ${process.versions.node}, ${cpus().length} CPUs`;

export function seedsProof(begun: string, all: readonly SeedRun[], within: string): string {
  const runs = all.filter((run) => outcomeOf(run) !== 'void');
  const failed = runs.filter((run) => outcomeOf(run) === 'failed');
  const unknown = runs.flatMap(({ odd }) => odd.filter(({ verdict }) => verdict === 'untestable'));
  const judged = runs.reduce((sum, { passed, odd }) => sum + passed + odd.length, 0);
  const rows = runs.flatMap(({ id, odd }) => odd.map((one) => [id, one.id, one.verdict, one.reason, one.message]));
  const verdict = failed.length === 0 ? 'no failure' : `a failure with ${failed.length} of them`;
  return `
## ${TITLES.seeds}

${begun}: the reference sync, every check of level 1, ${within}, ${runs.length} seeds of ${all.length} (where the sandbox stood still on a busy machine, a run is void): **${verdict}** in ${judged} verdicts, ${unknown.length} of them
untestable; ${seconds(median(runs.map(({ ms }) => ms)))} a run in the middle. ${where()}.
${rows.length > 0 ? `\n${table(['seed', 'check', 'verdict', 'reason', 'what'], rows)}\n` : ''}
`;
}

/** The same for reports: by check, who was failed by it for the reason that is stated. */
export function provenIn(at: string, mutants: readonly ShownMutant[]): ProofFile {
  // What was not as expected begins with the check that it is about; another reason is one of those.
  const seen = mutants.flatMap(({ id, kind, kills, failed, wrong }) => {
    const isSeen = (check: string): boolean =>
      failed.some((one) => one.check === check) && !wrong.some((text) => text.startsWith(`${check} `));
    return kind === 'broken' ? kills.filter(({ check }) => isSeen(check)).map(({ check }) => ({ id, check })) : [];
  });
  const checks = [...Map.groupBy(seen, ({ check }) => check)].map(
    ([check, of]) => [check, of.map(({ id }) => id).sort()] as const,
  );
  return { v: 1, at, checks: Object.fromEntries(checks.sort(([a], [b]) => a.localeCompare(b))) };
}

export const writeProven = (proof: ProofFile): void => writeFileSync(PROOF_FILE, `${JSON.stringify(proof, null, 1)}\n`);

export function mutantsProof(begun: string, mutants: readonly ShownMutant[], unproven: number): string {
  const count = (kind: ShownMutant['kind']) => mutants.filter((one) => one.kind === kind).length;
  const odd = mutants.filter(({ wrong }) => wrong.length > 0);
  const rows = odd.flatMap(({ id, wrong }) => wrong.map((text) => [id, text]));
  const said = odd.length === 0 ? 'all as expected' : `${odd.length} not as expected`;
  return `
## ${TITLES.mutants}

${begun}: ${count('broken')} broken syncs (${mutants.filter(({ blind }) => blind).length} of all written by somebody who had read no check), ${count('lawful')} lawful variants, ${count('null')} nulls:
**${said}**; ${unproven === 0 ? 'every check is failed by a mutant of its own' : `${unproven} checks are failed by none`}. ${seconds(median(mutants.map(({ ms }) => ms)))} a run in the middle. ${where()}.
${rows.length > 0 ? `\n${table(['mutant', 'what was not as expected'], rows)}\n` : ''}
`;
}
