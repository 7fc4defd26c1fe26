import { readFileSync } from 'node:fs';
import { MUTANTS } from './mutants/index.ts';

/** A broken sync that a check has to fail: what makes its verdicts worth something. */
export interface Killer {
  mutant: string;
  /** What is wrong with that one. */
  breaks: string;
  /** What the check fails it for. */
  reason: string;
  /** Whether the last whole matrix saw it happen. */
  seen: boolean;
}

/** What the last whole matrix showed: written by `npm run matrix -- --write`, and by nothing else. */
export interface ProofFile {
  v: 1;
  /** When it was run; absent as long as it never was. */
  at?: string;
  /** By check, the mutants that it failed for the reason that is stated. */
  checks: Record<string, string[]>;
}

export const PROOF_FILE = new URL('proven.generated.json', import.meta.url);

export const readProof = (): ProofFile => JSON.parse(readFileSync(PROOF_FILE, 'utf8')) as ProofFile;

/** By check, the broken syncs that it has to fail, and whether the last whole matrix saw it. */
export function killersOf(proof: ProofFile = readProof()): Record<string, Killer[]> {
  const all = MUTANTS.flatMap(({ id, breaks, kills }) =>
    kills.map(({ check, reason }) => ({
      check,
      killer: { mutant: id, breaks, reason, seen: !!proof.checks[check]?.includes(id) },
    })),
  );
  return Object.fromEntries(
    [...Map.groupBy(all, ({ check }) => check)].map(([check, of]) => [check, of.map(({ killer }) => killer)]),
  );
}
