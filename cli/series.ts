import { randomBytes } from 'node:crypto';
import { globSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CHECKS, eachAtOnce, judge } from '#conformance';
import { digest, systemClock } from '#kernel';
import { REFERENCE_MANIFEST, readSubject } from './bring-up.ts';
import { executeRun } from './check.ts';
import { type Entry, Ledger } from './ledger.ts';
import { outcomeOf, type SeedRun, seedsProof, writeProof } from './proof.ts';
import { UsageError } from './usage.ts';

/** Where the runs of a series go, and what they found. */
export const MATRIX = join('reports', 'runs', 'matrix');

const ROOT = fileURLToPath(new URL('../', import.meta.url));
/** Whatever can change a verdict. */
const SOURCES = '{cli,conformance,fixtures,scenarios,simulators}/**/*.{ts,js,csv,yaml}';

/** Of the code that decides on verdicts: a series says that it is of it, so that no result of other code is counted in. */
export function codeDigest(): string {
  const files = globSync(SOURCES, { cwd: ROOT }).filter((file) => !/\.test\.[tj]s$/.test(file));
  return digest(...files.sort().flatMap((file) => [file, readFileSync(join(ROOT, file), 'utf8')])).slice(0, 12);
}

/** The ledger of a series; anew unless it is to be resumed. */
export function openSeries<E extends Entry>(name: string, options: string, resume = false): Ledger<E> {
  const now = new Date(systemClock.now()).toISOString().slice(0, 16).replace('T', ' ');
  return Ledger.open<E>(join(MATRIX, `${name}.jsonl`), {
    about: `${name}: ${options}; code ${codeDigest()}`,
    now: `${now} UTC`,
    resume,
  });
}

/**
 * Runs the clean reference once for each seed: whatever fails it is a false alarm, and is not run again until it passes. A run in which
 * the sandbox stood still says nothing, either way: it is void, and made again when the series goes on.
 */
export async function overSeeds(values: {
  seeds: string;
  at: string;
  keep?: boolean;
  resume?: boolean;
  write?: boolean;
  window?: string;
}): Promise<number> {
  const count = Number(values.seeds);
  if (!Number.isInteger(count) || count < 1) throw new UsageError(`--seeds ${values.seeds}: how many, from 1 on`);
  const window = values.window === undefined ? undefined : Number(values.window);
  if (window !== undefined && !(window > 0)) throw new UsageError(`--window ${values.window}: how many seconds`);
  const within = window === undefined ? 'its own sync window' : `a sync window of ${window} s`;
  const ledger = openSeries<SeedRun>('seeds', `the reference sync, level 1, ${within}`, values.resume);
  const seeds = Array.from({ length: count }, (_, n) => String(n + 1));
  const isDone = (seed: string) => ledger.get(seed) !== undefined && outcomeOf(ledger.get(seed)!) !== 'void';
  const left = seeds.filter((seed) => !isDone(seed));
  if (left.length < count) console.log(`${count - left.length} of ${count} were run before: ${ledger.begun}`);
  await eachAtOnce(left, Number(values.at), async (seed) => {
    const run = await runSeed(seed, window, values.keep);
    ledger.add(run);
    console.log(seedLine(run));
  });
  const runs = seeds.flatMap((seed) => ledger.get(seed) ?? []);
  const ended = (outcome: string) => runs.filter((run) => outcomeOf(run) === outcome).length;
  if (values.write) writeProof('seeds', seedsProof(ledger.begun, runs, within));
  if (ended('void') > 0) console.log(`\n${ended('void')} void: go on with --resume when the machine has time`);
  console.log(`\n${ended('passed')} passed, ${ended('failed')} failed`);
  return ended('passed') === runs.length ? 0 : 1;
}

async function runSeed(seed: string, window: number | undefined, keep = false): Promise<SeedRun> {
  const { manifest, map } = readSubject(REFERENCE_MANIFEST);
  const started = systemClock.now();
  const folder = await executeRun({
    // A longer promise is no other question: whoever is in time is not waited for.
    manifest:
      window === undefined ? manifest! : { ...manifest!, promises: { ...manifest!.promises, sync_window: window * 1000 } },
    map,
    checks: CHECKS.filter(({ level }) => level === 1),
    seed,
    runKey: digest('seeds', seed).slice(0, 8),
    out: MATRIX,
    id: `seed-${seed}-${randomBytes(4).toString('hex')}`,
  });
  const { checks } = judge(folder);
  const odd = checks
    .filter(({ verdict }) => !['pass', 'not-applicable'].includes(verdict))
    .map(({ id, verdict, reason, message }) => ({ id, verdict, reason, message }));
  const passed = checks.filter(({ verdict }) => verdict === 'pass').length;
  const lagMs = Math.max(0, ...folder.events().flatMap(({ kind, data }) => (kind === 'lag' ? [Number(data?.maxMs)] : [])));
  if (odd.length === 0 && !keep) rmSync(folder.path, { recursive: true });
  return { id: seed, ms: systemClock.now() - started, passed, odd, lagMs };
}

function seedLine(run: SeedRun): string {
  const { id, ms, passed, odd, lagMs } = run;
  const mark = { void: '–', failed: '✗', passed: '✓' }[outcomeOf(run)];
  if (mark === '–')
    return `– seed ${id.padEnd(5)} void: the sandbox itself stood still for ${lagMs} ms, whatever the checks said`;
  const what = odd.map((one) => `\n      ${one.id} is ${one.verdict} (${one.reason}: ${one.message})`).join('');
  return `${mark} seed ${id.padEnd(5)} ${(ms / 1000).toFixed(1).padStart(6)} s  ${passed} checks passed${what}`;
}
