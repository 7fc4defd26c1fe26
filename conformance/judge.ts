import { cohortOf, notApplicable } from './applicable.ts';
import { weigh } from './baseline/baseline.ts';
import type { CheckDefinition } from './check.ts';
import { CHECKS } from './checks/index.ts';
import { Evidence } from './facts/evidence.ts';
import { Facts } from './facts/facts.ts';
import { INVARIANTS } from './invariants.ts';
import { LoadFacts } from './load/load-facts.ts';
import type { Manifest } from './manifest/manifest.ts';
import { type DataMap, parseMap } from './map/map.ts';
import type { BaselineEntry, CheckResult, Finding, InvariantResult, RunResult } from './result.ts';
import { EvidenceError, type RunFolder } from './run-folder.ts';
import { rollUp, score } from './score.ts';

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
  /** Known failures, by hash. */
  baseline?: string;
  status?: RunResult['status'];
  subjectEnded?: { how: string; forced: boolean };
  output?: string;
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
  load: LoadFacts;
  /** Lines of the subject's output, where there is any. */
  output?: readonly string[];
  /** Known failures that the run is held against. */
  baseline?: readonly BaselineEntry[];
}

/** Reads and verifies the evidence of a run. @throws EvidenceError when something was changed or is missing. */
export function openRun(folder: RunFolder): Opened {
  const facts = new Facts();
  const load = new LoadFacts();
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
  if (header.output && folder.hashOf('subject.log') !== header.output)
    throw new EvidenceError('subject.log was changed after the run');
  const manifest = JSON.parse(folder.input(header.manifest)) as Manifest;
  const { map } = parseMap(JSON.parse(folder.input(header.map)) as Record<string, string>);
  const baseline = header.baseline ? (JSON.parse(folder.input(header.baseline)) as BaselineEntry[]) : undefined;
  return { facts, header, manifest, map, events, load, output: folder.output(), baseline };
}

/** The verdicts of a run, from its folder alone: needs no network, no clock, and gives the same every time. */
export function judge(folder: RunFolder, definitions: readonly CheckDefinition[] = CHECKS): RunResult {
  return judgeOpened(openRun(folder), definitions);
}

export function judgeOpened(
  { facts, header, manifest, map, output, baseline }: Opened,
  definitions: readonly CheckDefinition[] = CHECKS,
): RunResult {
  const evidence = new Evidence(facts, map, manifest);
  if (output) evidence.output = () => output;
  const known = definitions.filter((check) => header.checks.includes(check.id));
  const checks = known.map((check) => checkResult(check, evidence, manifest, header));
  const invariants = known.flatMap((check) => invariantResults(check, evidence, manifest));
  const status = header.status ?? 'interrupted';
  // The day is that of the run: judged again later, it comes to the same.
  const weighed = baseline && weigh(baseline, checks, invariants, facts.first?.wall.slice(0, 10) ?? '');
  const ended = {
    status,
    tampered: facts.intruders.length > 0,
    defects: facts.defects.length,
    excused: weighed?.excused,
    stale: weighed?.stale,
  };
  const marked = <T extends CheckResult | InvariantResult>(row: T): T =>
    weighed?.excused.has(row) ? { ...row, known: true } : row;
  return {
    v: 1,
    id: header.id,
    status,
    seed: header.seed,
    runKey: header.runKey,
    subject: { name: manifest.subject.name, version: manifest.subject.version },
    warnings: warnings(facts, manifest, header, definitions),
    checks: checks.map(marked),
    invariants: invariants.map(marked),
    ...score(checks, invariants, ended),
    ...(weighed && { baseline: weighed.rows }),
    mapCoverage: evidence.mapCoverage(),
    startedAt: facts.first?.wall ?? '',
    endedAt: facts.last?.wall ?? '',
  };
}

/** The result of one check, on the evidence so far: the same function live and offline. */
export function checkResult(
  check: CheckDefinition,
  evidence: Evidence,
  manifest: Manifest,
  header: Pick<Header, 'seed' | 'runKey' | 'command'>,
): CheckResult {
  const { id, title, group, severity, level, requirement, seeds, harm } = check;
  const sites = manifest.sites.filter((site) => !notApplicable(check, site, manifest, evidence.oracle.map));
  const { verdict, reason, message, findings } = evidence.judge(check, sites);
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
    settled: logs.flatMap((log) => [...(log?.marks ?? [])].map(([label, { by, waitedMs }]) => ({ label, by, waitedMs }))),
    durationMs: Math.round(Math.max(0, ...logs.map((log) => (log?.endedAt ?? log?.begunAt ?? 0) - (log?.begunAt ?? 0))) / 1000),
    replay: `${header.command ?? 'npx syncproof check'} --only ${id} --seed ${header.seed} --run-key ${header.runKey}`,
    timeline: sites.flatMap((site) => evidence.facts.story.get(cohortOf(check, site)) ?? []),
  };
}

function invariantResults(check: CheckDefinition, evidence: Evidence, manifest: Manifest): InvariantResult[] {
  return manifest.sites
    .filter(
      (site) => !notApplicable(check, site, manifest, evidence.oracle.map) && evidence.facts.checks.has(cohortOf(check, site)),
    )
    .flatMap((site) =>
      INVARIANTS.map(({ id, title, judge: judgeOne }) => {
        const cohort = cohortOf(check, site);
        const findings = orOurs(() => judgeOne(evidence, cohort));
        return { id, title, cohort, verdict: rollUp(findings.map((f) => f.verdict)), findings };
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

function warnings(facts: Facts, manifest: Manifest, header: Header, definitions: readonly CheckDefinition[]): string[] {
  const found: string[] = [];
  for (const site of manifest.sites) if (!site.tls) found.push(`TLS is off for ${site.name}: the TLS checks do not apply`);
  if (!manifest.crm.tls) found.push('TLS is off for the CRM: the TLS checks do not apply');
  if (facts.intruders.length > 0)
    found.push(`the control API was called ${facts.intruders.length} times without its token: this fails the run`);
  for (const id of header.checks)
    if (!definitions.some((check) => check.id === id))
      found.push(`${id} was run, but this version has no such check to judge it by`);
  for (const { message } of facts.defects) found.push(`the sandbox failed: ${message.split('\n')[0]}`);
  for (const { what, data } of facts.subject)
    if (what === 'died') found.push(`the subject ended by itself during the run (${data.how ?? 'unknown'})`);
  if (header.subjectEnded?.forced) found.push(`the subject did not stop when asked: it ${header.subjectEnded.how}`);
  return found;
}
