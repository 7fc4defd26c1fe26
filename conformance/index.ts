export { capabilitiesOf, cohortOf, notApplicable, notOurs } from './applicable.ts';
export { entriesFor } from './baseline/baseline.ts';
export { printBaseline, readBaseline } from './baseline/baseline-file.ts';
export type { CheckDefinition } from './check.ts';
export { CHECKS } from './checks/index.ts';
export { type Comparison, compareRuns } from './compare/compare.ts';
export { canary } from './doctor/canary.ts';
export { diagnose, mapProblems } from './doctor/doctor.ts';
export { probeCrm } from './doctor/doctor-crm.ts';
export { overridden, probeWiring } from './doctor/doctor-wiring.ts';
export { Examination } from './doctor/examination.ts';
export { outlook } from './doctor/outlook.ts';
export { canaryProblems } from './doctor/trial.ts';
export { eachAtOnce } from './each-at-once.ts';
export { type LatencySummary, type Quantile, type Sample, SETTLED_IN } from './facts/latency.ts';
export { judge, judgeOpened, openRun } from './judge.ts';
export { type CrmEdit, crmEdits } from './load/crm-edit.ts';
export { LIMIT_NAMES, type LimitResult, limitProblem, shown } from './load/limits.ts';
export { isLoadRun, judgeLoad, type LoadResult, OFFERED_ENOUGH, type Wrong } from './load/load-result.ts';
export { type LoadTarget, runLoad, type ScriptEnd, type Watch } from './load/load-run.ts';
export type { ErrorKind } from './load/load-tally.ts';
export type { Glimpse, Point } from './load/series.ts';
export { soakIn } from './load/soak.ts';
export { withChildren } from './load/usage.ts';
export { CAPABILITIES } from './manifest/capabilities.ts';
export { formatDuration, parseDuration } from './manifest/duration.ts';
export { InitError, initProject, STACKS, type Stack } from './manifest/init.ts';
export * from './manifest/manifest.ts';
export { accepts, type HeldBinds, holdBinds, listensAt } from './manifest/ports.ts';
export { formatProblem, nearest, type Problem } from './manifest/problem.ts';
export { FIVE_MINUTES_PLAYED } from './manifest/read-channels.ts';
export { renderSettings } from './manifest/settings.ts';
export { type DataMap, hashOfMap, loadMap, parseMap } from './map/map.ts';
export { missingOfMinimum } from './map/map-minimum.ts';
export type { MutantDefinition, MutantReads } from './mutants/define.ts';
export { MUTANTS, NULLS } from './mutants/index.ts';
export { type Killer, killersOf, PROOF_FILE, type ProofFile, readProof } from './proven.ts';
export { EvidenceUnwritten } from './recorder.ts';
export type * from './result.ts';
export { AT_ONCE, type Progress, type RunningSubject, type RunOptions, runChecks } from './run.ts';
export { EvidenceError, RunFolder } from './run-folder.ts';
export { parseSchedule, ScheduleError, type ScheduleFile } from './schedule/file.ts';
export { divergences, type LaneDivergence } from './schedule/keep.ts';
export { SecretError } from './secrets/scan.ts';
export { Secrets } from './secrets/secrets.ts';
export { type Experience, estimateMs, withinBudget } from './selection/budget.ts';
export { type Earlier, earlierOf, failedIn } from './selection/earlier.ts';
export { BADGES } from './standing/badges.ts';
export {
  type Edition,
  EditionError,
  editionFile,
  editionIds,
  hashOfEdition,
  loadEdition,
  parseEdition,
} from './standing/editions.ts';
export { GATE_KEYS, type Gate, GateError, parseGate } from './standing/gate.ts';
export { LEVELS } from './standing/levels.ts';
export { type Reachable, reachable } from './standing/reachable.ts';
export { heldUp, SOAK, type Soak } from './standing/soak.ts';
export { type Terms, termsOf } from './standing/terms.ts';
export { AuditTrail } from './subject/audit-trail.ts';
export { type Instance, together } from './subject/instances.ts';
export { groupAlive } from './subject/process-group.ts';
export { countOf, describeEnding, doNow, type Subject, SubjectError, startSubject } from './subject/subject.ts';
export { SandboxClient, SandboxLost } from './world/sandbox-client.ts';
