import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  CHECKS,
  type CheckDefinition,
  type CheckResult,
  eachAtOnce,
  judge,
  loadMap,
  type Manifest,
  MUTANTS,
  type MutantDefinition,
  type MutantReads,
  NULLS,
} from '#conformance';
import { digest, systemClock } from '#kernel';
import { killMatrix } from '#reports';
import { parsing } from './arguments.ts';
import { REFERENCE_MANIFEST, readSubject } from './bring-up.ts';
import { executeRun } from './check.ts';
import type { Entry } from './ledger.ts';
import COSTS from './mutant-costs.json' with { type: 'json' };
import { mutantsProof, provenIn, type ShownMutant, writeProof, writeProven } from './proof.ts';
import { quickChoice } from './quick-matrix.ts';
import { codeDigest, MATRIX, openSeries, overSeeds } from './series.ts';
import { UsageError } from './usage.ts';

const OPTIONS = {
  only: { type: 'string' },
  seed: { type: 'string', default: '42' },
  full: { type: 'boolean' },
  quick: { type: 'boolean' },
  costs: { type: 'boolean' },
  at: { type: 'string', default: '6' },
  keep: { type: 'boolean' },
  resume: { type: 'boolean' },
  write: { type: 'boolean' },
  seeds: { type: 'string' },
  window: { type: 'string' },
} as const;

export const MATRIX_USAGE = `syncproof matrix [options]   runs the mutants of the reference sync against the checks

  --only LIST   ids of mutants, separated by commas
  --seed TEXT   seed of all stimuli (42)
  --full        every check against every mutant, also those that need the world to themselves
  --quick       what \`npm test\` runs: enough mutants that every check fails one, each with the checks that it is there for; says what
                it leaves out
  --costs       every mutant with the checks that it is there for, and how long each took into cli/mutant-costs.json, by which
                --quick chooses
  --at N        how many mutants at once (6)
  --keep        keep the run folders of those that were as expected
  --resume      go on where a series of the same code and options was ended
  --write       put the dated outcome into docs/proof.md, and what each check was seen to fail where reports find it
  --seeds N     in place of the mutants the clean reference sync, once for each of so many seeds, by the checks of level 1
  --window S    with --seeds: the sync window in seconds, where the machine is busy with other things (that of its manifest)`;

const MAPS = fileURLToPath(new URL('../fixtures/maps/', import.meta.url));
const MAIN = fileURLToPath(new URL('../conformance/mutants/main.ts', import.meta.url));

type Variant = Omit<MutantDefinition, 'breaks' | 'steps'>;

/** What a mutant (or null, or lawful variant) must and may fail, and how it is run. A null must pass nothing at all. */
type Expectation = Variant & Required<Pick<Variant, 'mayFail' | 'also' | 'reads' | 'sites'>> & { passesNothing: boolean };

const UNLESS_SAID = { mayFail: [] as string[], also: [] as string[], reads: 'hl7', sites: 1 } as const;

/** What one run showed, as it is kept. */
interface Shown extends Entry {
  checks: Pick<CheckResult, 'id' | 'verdict' | 'reason' | 'message'>[];
  wrong: string[];
  ms: number;
}

type Outcome = Expectation & Shown;

/**
 * `syncproof matrix`: runs every mutant of the reference sync. Each must fail its kills for the stated reason and nothing
 * else, lawful variants must fail nothing, nulls must pass nothing, and each check must be killed by somebody.
 */
export async function matrix(args: string[]): Promise<number> {
  const { values } = parsing(OPTIONS, () => parseArgs({ args, options: OPTIONS }));
  if (values.seeds !== undefined) return overSeeds({ ...values, seeds: values.seeds });
  const all = expectations(values.only);
  const { chosen, rule } =
    values.quick && !values.only ? quickChoice(all, { costs: COSTS, code: codeDigest() }) : { chosen: all };
  // A few by name, or those of a quick look, are no series: nothing of them is kept.
  const ledger =
    values.only || values.quick || values.costs
      ? undefined
      : openSeries<Shown>('mutants', `seed ${values.seed}${values.full ? ', every check' : ''}`, values.resume);
  const outcomes = chosen.flatMap((one) => (ledger?.get(one.id) ? [{ ...one, ...ledger.get(one.id)! }] : []));
  if (outcomes.length > 0) console.log(`${outcomes.length} of ${chosen.length} were run before: ${ledger!.begun}`);
  const keep = (outcome: Outcome): void => {
    const { id, wrong, ms } = outcome;
    const checks = outcome.checks.map(({ id, verdict, reason, message }) => ({ id, verdict, reason, message }));
    ledger?.add({ id, wrong, ms, checks });
    console.log(line(outcome));
  };
  const left = chosen.filter((one) => !ledger?.get(one.id));
  const run = async (next: Expectation): Promise<void> => {
    const outcome = await runOne(next, values);
    outcomes.push(outcome);
    keep(outcome);
  };
  const atOnce = Number(values.at);
  const untimed = left.filter((one) => !timesItsSubject(one));
  // Whoever must fail nothing, or everything, has many checks: with all hands on such runs they would be judged by their machine.
  const large = atOnce > 2 ? untimed.filter(({ kills }) => kills.length === 0) : [];
  const hands = Math.ceil(atOnce / 3);
  await Promise.all([
    eachAtOnce(large, hands, run),
    eachAtOnce(
      untimed.filter((one) => !large.includes(one)),
      large.length > 0 ? atOnce - hands : atOnce,
      run,
    ),
  ]);
  await eachAtOnce(left.filter(timesItsSubject), Math.min(atOnce, TIMED_AT_ONCE), run);
  const settled = await again(outcomes, values, keep);
  const unproven = values.only
    ? []
    : CHECKS.filter((check) => !settled.some((o) => o.kills.some((kill) => kill.check === check.id)));
  for (const check of unproven) console.log(`✗ ${check.id} is killed by no mutant: it is unproven`);
  const failed = settled.filter((outcome) => outcome.wrong.length > 0).length + unproven.length;
  if (ledger) {
    const matrix = { mutants: settled.map(shown), checks: CHECKS.map(({ id }) => id) };
    writeFileSync(join(MATRIX, 'matrix.html'), killMatrix(matrix));
    console.log(`\nThe kill matrix: ${join(MATRIX, 'matrix.html')}`);
    if (values.write) {
      writeProof('mutants', mutantsProof(ledger.begun, settled.map(shown), unproven.length));
      writeProven(provenIn(ledger.begun, settled.map(shown)));
    }
  }
  if (values.costs) writeCosts(settled);
  if (rule) console.log(`\nnot all mutants: ${rule}. All of them, by every check: npm run matrix`);
  const held = settled.length + (values.only ? 0 : CHECKS.length);
  console.log(`\n${held - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/** All runs share this process, and a check that says how fast a sync is says nothing where the sandbox was held up by others. */
const timesItsSubject = ({ kills }: Expectation): boolean =>
  kills.some((kill) => CHECKS.some(({ id, group, alone }) => id === kill.check && group === 'latency' && alone));
const TIMED_AT_ONCE = 2;

/** How often a run that was not as expected is made again, alone. */
const MORE = 2;

// Several runs at once ask more of a small machine than one run does, and what they judge is time too. What was not as
// expected among them is run again with the machine to itself, twice at most: the last run counts, and all are printed.
async function again(outcomes: readonly Outcome[], values: RunValues, keep: (outcome: Outcome) => void): Promise<Outcome[]> {
  const settled = outcomes.filter((outcome) => outcome.wrong.length === 0);
  let odd = outcomes.filter((outcome) => outcome.wrong.length > 0);
  for (let time = 0; time < MORE && odd.length > 0; time += 1) {
    console.log(`\nonce more, one at a time: ${odd.map(({ id }) => id).join(' ')}`);
    const still: Outcome[] = [];
    for (const one of odd) {
      const outcome = await runOne(one, values);
      keep(outcome);
      (outcome.wrong.length === 0 ? settled : still).push(outcome);
    }
    odd = still;
  }
  return [...settled, ...odd];
}

function expectations(only: string | undefined): Expectation[] {
  const all: Expectation[] = [
    ...MUTANTS.map((mutant) => ({ ...UNLESS_SAID, ...mutant, passesNothing: false })),
    ...NULLS.map((id) => ({ ...UNLESS_SAID, id, kills: [], reads: 'both' as const, passesNothing: true })),
  ];
  if (!only) return all;
  const asked = only.split(',');
  const unknown = asked.find((id) => !all.some((one) => one.id === id));
  if (unknown) throw new UsageError(`--only ${unknown}: no mutant is called so; see syncproof list mutants`);
  return all.filter((one) => asked.includes(one.id));
}

/** What every mutant runs beside its kills: a check of each kind that is quick. */
const CORE = 'ID-01 ID-02 ID-03 DM-01 DM-02 AP-01 AP-02 AP-03 AP-07 OW-01 OW-02 IP-01 IP-04 OR-01 OR-02'.split(' ');

// A null has to fail everything; checks that need the world to themselves take long and are run where they must fail.
function isRun(check: CheckDefinition, { kills, also, passesNothing }: Expectation): boolean {
  return (
    also.includes(check.id) ||
    kills.some((kill) => kill.check === check.id) ||
    CORE.includes(check.id) ||
    (passesNothing && !check.alone)
  );
}

// What a mutant is there for. Whoever has to fail nothing, or everything, is there for more than a check or two.
const isItsOwn = (check: CheckDefinition, expectation: Expectation): boolean =>
  isRun(check, expectation) &&
  (expectation.kills.length === 0 ||
    expectation.also.includes(check.id) ||
    expectation.kills.some((kill) => kill.check === check.id));

/** How long each took, for whoever chooses among them (quick-matrix.ts). */
function writeCosts(outcomes: readonly Outcome[]): void {
  const entries = outcomes.map(({ id, ms }) => [id, Math.round(ms / 100) * 100] as const);
  const sorted = Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(new URL('./mutant-costs.json', import.meta.url), `${JSON.stringify(sorted, null, 2)}\n`);
}

interface RunValues {
  seed: string;
  full?: boolean;
  quick?: boolean;
  costs?: boolean;
  keep?: boolean;
}

async function runOne(expectation: Expectation, values: RunValues): Promise<Outcome> {
  const { manifest, map: standard } = readSubject(REFERENCE_MANIFEST);
  const map = expectation.map ? loadMap(join(MAPS, expectation.map)).map : standard;
  const started = systemClock.now();
  const few = values.quick || values.costs;
  const checks = CHECKS.filter((check) => values.full || (few ? isItsOwn(check, expectation) : isRun(check, expectation)));
  const personAccounts = map.objects.some(({ object }) => object === 'Account');
  const mutated = reading({ ...manifest!, crm: { ...manifest!.crm, person_accounts: personAccounts } }, expectation);
  // The same people each time: what a mutant fails beside its kills depends on who comes along.
  const runKey = digest('matrix', values.seed, expectation.id).slice(0, 8);
  try {
    const folder = await executeRun({
      manifest: mutated,
      map,
      checks,
      seed: values.seed,
      size: expectation.size,
      runKey,
      out: MATRIX,
      id: `${expectation.id}-${randomBytes(4).toString('hex')}`,
    });
    const result = judge(folder);
    const wrong = verify(expectation, result.checks);
    if (wrong.length === 0 && !values.keep) rmSync(folder.path, { recursive: true });
    return { ...expectation, checks: result.checks, wrong, ms: systemClock.now() - started };
  } catch (error) {
    return {
      ...expectation,
      checks: [],
      wrong: [`could not be run: ${(error as Error).message}`],
      ms: systemClock.now() - started,
    };
  }
}

type Channels = Manifest['sites'][number]['channels'];

/** Channels that the reference's own manifest does not have, and how patients are found by them. */
const READ_BY: Partial<Record<MutantReads, Channels['read']>> = {
  bulk: [{ kind: 'bulk', interval: 250 }],
  changed: [{ kind: 'changed', interval: 250 }],
  subscription: [{ kind: 'subscription' }],
};
const DISCOVERED_BY: Partial<Record<MutantReads, Channels['discover'][number]>> = {
  poll: 'group',
  bulk: 'group',
  changed: 'changed',
  subscription: 'changed',
};

const CERNER_TENANT = 'b1b2c3d4-0000-4000-8000-000000000002';

// The manifest as for the reference sync, with the mutant's process and the channels that it reads by.
function reading(
  manifest: Manifest,
  { id, reads, sites: count, vendor, writeBack, second: other, instances }: Expectation,
): Manifest {
  const kinds: string[] = reads === 'both' ? ['hl7', 'poll'] : [reads];
  const start = {
    ...manifest.start,
    command: ['node', MAIN, id],
    instances: instances ?? 1,
    env: { ...manifest.start.env, SYNC_CHANNELS: kinds.join(','), ...(writeBack && { SYNC_WRITE_BACK: writeBack }) },
  };
  const [first] = manifest.sites;
  const own = other === 'cerner' ? { vendor: other, tenant: CERNER_TENANT } : {};
  const second = { ...first!, ...own, name: 'lakeside', authority: `${first!.authority}.2`, time_zone: 'America/Los_Angeles' };
  const sites = (count === 2 ? [first!, second] : manifest.sites).map((site) => ({
    ...site,
    vendor: vendor ?? site.vendor,
    ...(vendor === 'cerner' && { tenant: CERNER_TENANT }),
    channels: {
      ...site.channels,
      write_back: writeBack ?? site.channels.write_back,
      read: READ_BY[reads] ?? site.channels.read.filter((channel) => kinds.includes(channel.kind)),
      discover: [DISCOVERED_BY[reads] ?? ('hl7' as const)],
    },
  }));
  // Where few checks run, each wait is a whole window: a shorter promise is a shorter matrix.
  return { ...manifest, start, sites, promises: { ...manifest.promises, sync_window: reads === 'bulk' ? 5_000 : 3_000 } };
}

/** As the pages show it. */
const shown = ({ id, kills, passesNothing, checks, wrong, ms }: Outcome): ShownMutant => ({
  id,
  kind: passesNothing ? 'null' : kills.length === 0 ? 'lawful' : 'broken',
  blind: MUTANTS.some((one) => one.id === id && one.blind === true),
  ms,
  wrong,
  kills,
  failed: checks.filter(({ verdict }) => verdict === 'fail').map((check) => ({ check: check.id, reason: check.reason })),
});

function verify({ kills, mayFail, passesNothing }: Expectation, checks: CheckResult[]): string[] {
  if (passesNothing) return checks.filter((check) => check.verdict === 'pass').map((check) => `passes ${check.id}`);
  const missed = kills.flatMap(({ check: id, reason, or }) => {
    const check = checks.find((one) => one.id === id);
    if (check?.verdict !== 'fail') return [`${id} does not fail it (${check?.verdict ?? 'not run'}: ${check?.reason ?? ''})`];
    return check.findings.some((finding) => finding.reason === reason || finding.reason === or)
      ? []
      : [`${id} fails it for ${check.reason}, not for ${reason}`];
  });
  const allowed = [...kills.map((kill) => kill.check), ...mayFail];
  const stray = checks
    .filter(
      (check) => !['pass', 'not-applicable'].includes(check.verdict) && !allowed.includes(check.id) && !mayFail.includes('*'),
    )
    .map((check) => `${check.id} is ${check.verdict} (${check.reason}: ${check.message})`);
  return [...missed, ...stray];
}

function line({ id, kills, checks, wrong, ms, passesNothing }: Outcome): string {
  const head = `${wrong.length === 0 ? '✓' : '✗'} ${id.padEnd(28)} ${(ms / 1000).toFixed(1).padStart(5)} s`;
  const what = passesNothing
    ? 'passes nothing'
    : kills.length === 0
      ? 'lawful'
      : `killed by ${kills.map((kill) => kill.check).join(' ')}`;
  const also = checks.filter((c) => c.verdict === 'fail' && !kills.some((kill) => kill.check === c.id)).map((c) => c.id);
  const extra = !passesNothing && also.length > 0 ? ` (also ${also.join(' ')})` : '';
  return `${head}  ${what}${extra}${wrong.map((text) => `\n      ${text}`).join('')}`;
}
