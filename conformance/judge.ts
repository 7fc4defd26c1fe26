import { cohortOf, notApplicable } from './applicable.ts';
import { weigh } from './baseline/baseline.ts';
import type { CheckDefinition } from './check.ts';
import { CHECKS } from './checks/index.ts';
import { exitCode } from './exit-code.ts';
import { Evidence, type Judged } from './facts/evidence.ts';
import { Facts } from './facts/facts.ts';
import { INVARIANTS } from './invariants.ts';
import { LoadTally } from './load/load-tally.ts';
import type { Manifest } from './manifest/manifest.ts';
import { type DataMap, parseMap } from './map/map.ts';
import { reproduced } from './replays.ts';
import type { BaselineEntry, CheckResult, Finding, InvariantResult, Reproduced, RunResult } from './result.ts';
import { EvidenceError, type RunFolder } from './run-folder.ts';
import { isWitnessed, rollUp, score } from './score.ts';
import { type Earlier, heldAgainst } from './selection/earlier.ts';
import { declaredIn } from './standing/declared.ts';
import { type Edition, parseEdition } from './standing/editions.ts';
import { type Before, parseGate } from './standing/gate.ts';
import { roundTrips } from './standing/round-trips.ts';
import { sayStanding } from './standing/say.ts';
import { heldUp, type Soak } from './standing/soak.ts';
import { standing } from './standing/standing.ts';
import { type Terms, termsOf } from './standing/terms.ts';
import { undeclared } from './standing/undeclared.ts';
import { AUDIT_FILE } from './subject/audit-keeper.ts';

interface Header {
  id: string;
  seed: string;
  runKey: string;
  command?: string;
  checks: string[];
  manifest: string;
  map: string;
  checkSet: string;
  population: string;
  /** In `ci` size when absent. */
  size?: RunResult['size'];
  /** The edition by which it is judged, by hash. */
  edition?: string;
  /** What it is held to, and the verdicts of an earlier run, by hash. */
  gate?: string;
  before?: string;
  /** What a load run showed that counts as its soak, by hash. */
  soak?: string;
  /** Known failures, by hash. */
  baseline?: string;
  status?: RunResult['status'];
  /** The run whose failures were run again, by hash. */
  earlier?: string;
  leftOut?: RunResult['leftOut'];
  /** Checks that ended in harness errors one after the other, so that the run was ended. */
  unhealthy?: string[];
  subjectEnded?: { how: string; forced: boolean };
  output?: string;
  /** Of each instance's log, by name. */
  outputs?: Record<string, string>;
  /** Hash of the audit trail as it was kept, where the manifest names one. */
  audit?: string;
  /** How far each process's journal went when the run ended. */
  heard?: Record<string, number>;
}

/** What a run folder holds, verified: every chain and hash was checked. */
export interface Opened {
  facts: Facts;
  header: Header;
  manifest: Manifest;
  map: DataMap;
  /** All of them; none of a load run, which may have a million: what is asked of those is folded into `load`. */
  events: ReturnType<RunFolder['events']>;
  load: LoadTally;
  /** Lines of the subject's output, where there is any. */
  output?: readonly string[];
  /** Lines of its audit trail, where the manifest names one. */
  audit?: readonly string[];
  edition?: Edition;
  before?: Before;
  earlier?: Earlier;
  soak?: Soak;
  /** Known failures that the run is held against. */
  baseline?: readonly BaselineEntry[];
}

/** Reads and verifies the evidence of a run. @throws EvidenceError when something was changed or is missing. */
export function openRun(folder: RunFolder): Opened {
  const facts = new Facts();
  const load = new LoadTally();
  const events: Opened['events'] = [];
  const heads = new Map<string, number>();
  for (const event of folder.eachEvent()) {
    facts.ingest(event);
    load.ingest(event);
    heads.set(event.process, Math.max(event.seq, heads.get(event.process) ?? 0));
    if (!facts.run?.load) events.push(event);
  }
  const header = facts.run as unknown as Header | undefined;
  if (!header?.checks) throw new EvidenceError('the journal has no beginning: the run ended before anything was judged');
  for (const hash of [header.checkSet, header.population]) folder.input(hash);
  for (const [process, head] of Object.entries(header.heard ?? {}))
    if ((heads.get(process) ?? 0) < head)
      throw new EvidenceError(`the journal of ${process} ends before event ${head}: the file was cut or is missing`);
  const printed = header.outputs ?? (header.output ? { 'subject.log': header.output } : {});
  for (const name of new Set([...Object.keys(printed), ...Object.keys(header.outputs ? folder.outputHashes() : {})]))
    if (folder.hashOf(name) !== printed[name]) throw new EvidenceError(`${name} was changed after the run`);
  if (header.audit && folder.hashOf(AUDIT_FILE) !== header.audit)
    throw new EvidenceError(`${AUDIT_FILE} was changed after the run`);
  const audit = header.audit ? folder.lines(AUDIT_FILE) : undefined;
  const kept = <T>(hash: string): T => JSON.parse(folder.input(hash)) as T;
  const manifest = kept<Manifest>(header.manifest);
  const { map } = parseMap(kept(header.map));
  const edition = header.edition ? parseEdition(folder.input(header.edition)) : undefined;
  const before = header.before ? kept<Before>(header.before) : undefined;
  const baseline = header.baseline ? kept<BaselineEntry[]>(header.baseline) : undefined;
  // Of one that was not started here, what lies there is what we noted ourselves.
  const { start } = manifest as { start?: Manifest['start'] & { heard?: boolean } };
  const output = start?.attach && !start.heard ? undefined : folder.output();
  const earlier = header.earlier ? kept<Earlier>(header.earlier) : undefined;
  const soak = header.soak ? kept<Soak>(header.soak) : undefined;
  return { facts, header, manifest, map, events, load, output, edition, before, baseline, earlier, soak, audit };
}

/** The verdicts of a run, from its folder alone: needs no network, no clock, and gives the same every time. */
export function judge(folder: RunFolder, definitions: readonly CheckDefinition[] = CHECKS): RunResult {
  return judgeOpened(openRun(folder), definitions);
}

export function judgeOpened(opened: Opened, definitions: readonly CheckDefinition[] = CHECKS): RunResult {
  const { facts, header, manifest, map, output, edition, baseline, audit } = opened;
  const evidence = new Evidence(facts, map, manifest);
  if (output) evidence.output = () => output;
  if (audit) evidence.audit = () => audit;
  const run = definitions.filter((check) => header.checks.includes(check.id));
  const now = { ...header, digest: manifest.subject.digest, earlier: opened.earlier };
  const found = run.map((check) => checkResult(check, evidence, manifest, now));
  const terms = edition?.terms ?? termsOf(definitions);
  const checks = found.map((check) => underTerms(check, terms));
  const scored = new Set(terms.checks.map(({ id }) => id));
  const invariants = run.filter(({ id }) => scored.has(id)).flatMap((check) => invariantResults(check, evidence, manifest));
  const size = header.size ?? 'ci';
  const status = header.unhealthy ? 'interrupted' : (header.status ?? 'interrupted');
  const ended = { status, tampered: facts.intruders.length > 0, defects: facts.defects.length };
  const channels = roundTrips(evidence, manifest);
  const stands = standing(
    {
      ...ended,
      checks,
      invariants,
      trips: channels,
      size,
      ...(opened.soak && { soak: heldUp(opened.soak, { manifest, map: header.map }, terms) }),
      ...declaredIn(manifest),
      beside: beside(manifest, edition, facts.first?.wall ?? ''),
    },
    terms,
  );
  const numbers = score(checks);
  // The day is that of the run: judged again later, it comes to the same.
  const weighed = baseline && weigh(baseline, checks, invariants, facts.first?.wall.slice(0, 10) ?? '');
  const known = checks.filter((row) => weighed?.excused.has(row)).map(({ id }) => id);
  const gate = header.gate
    ? parseGate(header.gate).judge({ checks, coverage: numbers.coverage, standing: stands, before: opened.before, known })
    : undefined;
  const verdicts = [...checks, ...invariants].filter((row) => !weighed?.excused.has(row)).map((row) => row.verdict);
  const marked = <T extends CheckResult | InvariantResult>(row: T): T =>
    weighed?.excused.has(row) ? { ...row, known: true } : row;
  return {
    v: 1,
    id: header.id,
    status,
    seed: header.seed,
    runKey: header.runKey,
    subject: { name: manifest.subject.name, version: manifest.subject.version },
    warnings: [...warnings(facts, header, definitions), ...undeclared(evidence, manifest)],
    checks: checks.map(marked),
    invariants: invariants.map(marked),
    ...numbers,
    size,
    ...(edition && { edition: { id: edition.edition, hash: edition.hash, draft: edition.status === 'draft' } }),
    level: sayStanding(stands, size),
    standing: stands,
    ...(gate && { gate }),
    ...(opened.before && { since: changedSince(opened.before, checks) }),
    channels,
    ...(weighed && { baseline: weighed.rows }),
    ...(header.leftOut && { leftOut: header.leftOut }),
    ...(manifest.start?.attach && { unseen: unseen(checks, output !== undefined) }),
    mapCoverage: evidence.mapCoverage(),
    exitCode: exitCode({ ...ended, verdicts, witnessed: checks.filter(isWitnessed).length, gate, stale: weighed?.stale }),
    startedAt: facts.first?.wall ?? '',
    endedAt: facts.last?.wall ?? '',
  };
}

const changedSince = (before: Before, checks: readonly CheckResult[]): NonNullable<RunResult['since']> => ({
  lost: checks.filter(({ id, verdict }) => before[id] === 'pass' && verdict !== 'pass').map(({ id }) => id),
  gained: checks.filter(({ id, verdict }) => id in before && before[id] !== 'pass' && verdict === 'pass').map(({ id }) => id),
});

// What an edition says of a check holds, whatever the check says of itself by now; one that came later is not scored.
function underTerms(check: CheckResult, terms: Terms): CheckResult {
  const frozen = terms.checks.find(({ id }) => id === check.id);
  if (frozen) return { ...check, severity: frozen.severity, level: frozen.level as CheckResult['level'] };
  const came = `it came to ${check.verdict}${check.message ? `: ${check.message}` : ''}`;
  return {
    ...check,
    verdict: 'not-applicable',
    reason: 'added-after-freeze',
    message: `Not scored: added after the edition; ${came}`,
  };
}

// What nobody may read the level without.
function beside({ sites, crm, capabilities }: Manifest, edition: Edition | undefined, at: string): string[] {
  const open = [...sites.filter(({ tls }) => !tls).map(({ name }) => name), ...(crm.tls ? [] : ['the CRM'])];
  const declined = Object.entries(capabilities ?? {}).flatMap(([name, is]) => (is === true ? [] : [`without ${name}: ${is.no}`]));
  return [
    ...(edition ? [`edition ${edition.edition}${edition.status === 'draft' ? ', a draft' : ''}${ended(edition, at)}`] : []),
    ...(open.length > 0 ? [`TLS off for ${open.join(', ')}`] : []),
    ...declined,
  ];
}

const ended = ({ until }: Edition, at: string): string => (at.slice(0, 10) >= until ? `, which ended on ${until}` : '');

/** The result of one check, on the evidence so far: the same function live and offline. */
export function checkResult(
  check: CheckDefinition,
  evidence: Evidence,
  manifest: Manifest,
  header: Pick<Header, 'seed' | 'runKey' | 'command'> & { digest?: string; earlier?: Earlier },
): CheckResult {
  const { id, title, group, severity, level, requirement, seeds, harm } = check;
  const sites = manifest.sites.filter((site) => !notApplicable(check, site, manifest, evidence.oracle.map));
  const judged = evidence.judge(check, sites);
  const replays = reproduced(check, judged, evidence, manifest);
  const { verdict, reason, message, findings, sites: each, cases } = heldAgainst(voided(judged, replays), check, header);
  const latency = evidence.latencyOf(check, sites);
  const logs = sites.map((site) => evidence.facts.checks.get(cohortOf(check, site)));
  return {
    id,
    title,
    group,
    severity,
    level,
    requirement,
    seeds,
    harm,
    verdict,
    reason,
    message,
    findings,
    ...(replays && { reproduced: replays }),
    sites: each,
    cases,
    ...(latency && { latency }),
    settled: logs.flatMap((log) => [...(log?.marks ?? [])].map(([label, { by, waitedMs }]) => ({ label, by, waitedMs }))),
    durationMs: Math.round(Math.max(0, ...logs.map((log) => (log?.endedAt ?? log?.begunAt ?? 0) - (log?.begunAt ?? 0))) / 1000),
    replay: `${header.command ?? 'npx syncproof check'} --only ${id} --seed ${header.seed} --run-key ${header.runKey}`,
    timeline: sites.flatMap((site) => evidence.facts.story.get(cohortOf(check, site)) ?? []),
  };
}

// Where the same stimulus makes the harness fail, its first failure is no evidence either.
function voided(judged: Judged, replays: Reproduced | undefined): Judged {
  const broken = replays?.otherwise.find(({ verdict }) => verdict === 'harness-error');
  if (!broken) return judged;
  const message = `It failed (${judged.reason}: ${judged.message}), and a replay of it ended in a harness error (${broken.reason}).`;
  const own: Finding = { verdict: 'harness-error', reason: 'replay-broke', message, evidence: [] };
  return { ...judged, verdict: 'harness-error', reason: own.reason, message, findings: [own, ...judged.findings] };
}

function invariantResults(check: CheckDefinition, evidence: Evidence, manifest: Manifest): InvariantResult[] {
  return manifest.sites
    .filter(
      (site) => !notApplicable(check, site, manifest, evidence.oracle.map) && evidence.facts.checks.has(cohortOf(check, site)),
    )
    .flatMap((site) =>
      INVARIANTS.map(({ id, title, harm, judge: judgeOne }) => {
        const cohort = cohortOf(check, site);
        const findings = orOurs(() => judgeOne(evidence, cohort));
        return { id, title, harm, cohort, verdict: rollUp(findings.map((f) => f.verdict)), findings };
      }),
    );
}

// An invariant that breaks says nothing about the subject, and takes no other verdict with it.
function orOurs(judgeOne: () => Finding[]): Finding[] {
  try {
    return judgeOne();
  } catch (error) {
    const message = `The invariant could not be judged: ${error instanceof Error ? error.stack : String(error)}`;
    return [{ verdict: 'harness-error', reason: 'check-failed', message, evidence: [] }];
  }
}

// What is missing of an attached subject, as the checks found it.
function unseen(checks: readonly CheckResult[], isHeard: boolean): NonNullable<RunResult['unseen']> {
  const lacking = (code: string): string[] =>
    checks.filter(({ findings }) => findings.some(({ reason }) => reason === code)).map(({ id }) => id);
  return [
    {
      what: 'how it starts, stops and dies',
      why: 'the subject is attached, and only its owner may do that',
      checks: lacking('not-ours'),
    },
    ...(isHeard
      ? []
      : [{ what: 'what it prints', why: 'it was not started here, and hooks.logs names no log', checks: lacking('no-output') }]),
  ];
}

// What stands beside the level (TLS that is off, say) is said there, and once.
function warnings(facts: Facts, header: Header, definitions: readonly CheckDefinition[]): string[] {
  const found: string[] = [];
  if (facts.intruders.length > 0)
    found.push(`the control API was called ${facts.intruders.length} times without its token: this fails the run`);
  for (const id of header.checks)
    if (!definitions.some((check) => check.id === id))
      found.push(`${id} was run, but this version has no such check to judge it by`);
  for (const { message } of facts.defects) found.push(`the sandbox failed: ${message.split('\n')[0]}`);
  for (const { what, data } of facts.subject)
    if (what === 'died') found.push(`the subject ended by itself during the run (${data.how ?? 'unknown'})`);
  const [unpolled] = [...facts.checks.values()].flatMap(({ notes }) => notes.get('poll hook') ?? []);
  if (unpolled) found.push(`the subject could not be told to poll, and was waited for as without that: ${unpolled}`);
  if (header.unhealthy)
    found.push(
      `environment unhealthy: ${header.unhealthy.join(', ')} ended in harness errors one after the other, and the run was ended`,
    );
  if (header.subjectEnded?.forced) found.push(`the subject did not stop when asked: it ${header.subjectEnded.how}`);
  return found;
}
