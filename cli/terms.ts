import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  CHECKS,
  type CheckDefinition,
  type DataMap,
  type Edition,
  EditionError,
  EvidenceError,
  GateError,
  hashOfMap,
  heldUp,
  loadEdition,
  type Manifest,
  missingOfMinimum,
  parseGate,
  type RunOptions,
  type RunResult,
  type Soak,
  soakIn,
  termsOf,
} from '#conformance';
import { runFolderAt } from './evidence.ts';
import { UsageError } from './usage.ts';

/** Options of every verb that judges. */
export const TERMS_OPTIONS = {
  gate: { type: 'string' },
  against: { type: 'string' },
  edition: { type: 'string' },
  soak: { type: 'string' },
} as const;

export const TERMS_USAGE = `  --gate LIST            what the run is held to: level=L1,badge=hl7v2,regressions=0,latency=B,coverage=100 (docs/levels.md)
  --against RUN          the run whose passes must not be lost: a run folder or a result.json, for regressions=
  --edition ID           checks, minimum map and thresholds as an edition froze them, such as 2027.1
  --soak RUN             the load run that shows the hour of soak of level 3 ("syncproof load soak")`;

export interface TermsAsked {
  gate?: string;
  against?: string;
  edition?: string;
  soak?: string;
}

/** What a run is held to, as the options say. @throws UsageError naming what is wrong, before anything is run. */
export function readTerms(
  asked: TermsAsked,
  planned: {
    size: RunResult['size'];
    checks: readonly Pick<CheckDefinition, 'id'>[];
    map: DataMap;
    manifest: Pick<Manifest, 'subject' | 'promises'>;
  },
): NonNullable<RunOptions['terms']> {
  const edition = asked.edition === undefined ? undefined : readEdition(asked.edition, planned.map);
  const before = asked.against === undefined ? undefined : verdictsOf(asked.against);
  const expected = edition?.terms.checks ?? CHECKS;
  const leftOut = expected.filter(({ id }) => !planned.checks.some((check) => check.id === id)).length;
  const soak = asked.soak === undefined ? undefined : readSoak(asked.soak);
  const { manifest, map, size } = planned;
  const held = soak && heldUp(soak, { manifest, map: hashOfMap(map) }, edition?.terms ?? termsOf(CHECKS));
  const gate =
    asked.gate === undefined
      ? undefined
      : readGate(asked.gate, { size, leftOut, hasBefore: before !== undefined, ...(held && { soak: held }) });
  return { edition, before, gate, soak };
}

function readGate(text: string, planned: Parameters<ReturnType<typeof parseGate>['plan']>[0]): string {
  try {
    const gate = parseGate(text);
    gate.plan(planned);
    return gate.asked;
  } catch (error) {
    throw error instanceof GateError ? new UsageError(`--gate: ${error.message}`) : error;
  }
}

function readSoak(path: string): Soak {
  try {
    return soakIn(runFolderAt(path, 'check --soak'));
  } catch (error) {
    throw error instanceof EvidenceError ? new UsageError(`--soak ${path}: ${error.message}`) : error;
  }
}

function readEdition(id: string, map: DataMap): Edition {
  let edition: Edition;
  try {
    edition = loadEdition(id);
  } catch (error) {
    throw error instanceof EditionError ? new UsageError(`--edition: ${error.message}`) : error;
  }
  const missing = missingOfMinimum(map, edition.terms.minimumMap);
  if (missing.length > 0)
    throw new UsageError(
      `--edition ${id}: its minimum map cannot be dropped, and no row of this map carries ${missing.join(', ')}; "syncproof doctor" shows a row for each`,
    );
  return edition;
}

/** Verdicts of an earlier run. @throws UsageError */
function verdictsOf(path: string): Record<string, RunResult['checks'][number]['verdict']> {
  const file = existsSync(path) && statSync(path).isDirectory() ? join(path, 'result.json') : path;
  if (!existsSync(file)) throw new UsageError(`--against ${path}: there is no such run folder or result.json`);
  try {
    const { checks } = JSON.parse(readFileSync(file, 'utf8')) as RunResult;
    return Object.fromEntries(checks.map(({ id, verdict }) => [id, verdict]));
  } catch {
    throw new UsageError(`--against ${path}: ${file} is not the result of a run of checks`);
  }
}
