import type { CheckFacts } from './facts/check-facts.ts';
import type { LatencySummary } from './facts/latency.ts';
import type { Capability } from './manifest/capabilities.ts';
import type { MapRow } from './map/map.ts';
import type { CheckInfo, Finding, Size, Verdict } from './result.ts';
import type { World } from './world/world.ts';

/** What a check needs of the manifest; missing ones make it not applicable, by name. */
export type Need =
  | 'hl7'
  | 'bulk'
  | 'poll'
  | 'changed'
  | 'subscription'
  /** Read by notifications and nothing else. */
  /** A channel by which somebody else can pose as the EHR, and what came of it can be told: messages, or notifications alone. */
  | 'forgeable'
  /** Any channel by which the EHR calls the subject. */
  | 'push'
  /** Any channel by which the subject calls the EHR. */
  | 'api'
  | 'crm-back'
  | 'crm-reread'
  | 'write-back'
  | 'versioned-write'
  | 'restart'
  /** Credentials of the sandbox's own, which it can change. */
  | 'given-credentials'
  | 'tls'
  /** Rows of the map that say where a record is from. */
  | 'provenance'
  | 'two-sites'
  | 'two-vendors'
  | 'exclusions';

/** Rows that a check needs the map to have; missing ones make it not applicable, by name. */
export interface MapNeed {
  /** Resource type that the map takes in. */
  source: string;
  /** What the source of at least one row of it mentions. */
  path?: string;
  /** Who owns at least one field of it. */
  owner?: MapRow['owner'];
  /** By which rules a conflict about such a field may be settled; one at least of those fields has to have one of them. */
  conflict?: readonly string[];
}

/**
 * One check: what is done to the simulators, and what must then be true. Only `act` touches the world; `expect` is a pure
 * function of the journal and runs again, offline, on the run folder.
 */
export interface CheckDefinition extends CheckInfo {
  needs?: Need[];
  /** What the sync has to be able to do, where it is not what the group says; a manifest that declines one of them skips the check. */
  capabilities?: Capability[];
  /** Resource types that the map has to take something from; without them the check does not apply. */
  takes?: string[];
  maps?: MapNeed[];
  /** Sub-cases, by the name that their findings carry: each that holds is worth its share of the check. */
  cases?: readonly string[];
  /** How long changes took, of a check by which the class of latency goes. */
  measures?(facts: CheckFacts): LatencySummary;
  /** One of the five tests to pass before going live. */
  goLive?: boolean;
  /** About how many people it leaves behind, where they are many. */
  leaves?: Readonly<Record<Size, number>>;
  /** How long its stimulus goes on by itself, in ms, where that hangs on the size. */
  lasts?: Readonly<Record<Size, number>>;
  /** Waits out a whole sync window for something that must not come: begins before the others, which then wait beside it. */
  waitsOut?: boolean;
  /** Breaks the world for others (outage, restart, volume): runs when nothing else does. */
  alone?: boolean;
  act(world: World): Promise<void>;
  /** What a pass rests on, where it is not always the same: how many schedules, or that two calls never met. */
  passes?(facts: CheckFacts): { reason: string; message: string } | undefined;
  /** What is wrong, as findings; an empty list is a pass. */
  expect(facts: CheckFacts): Finding[];
}

/** Freezes a definition, so that a run can never change what it is judged by. */
export function defineCheck(definition: CheckDefinition): CheckDefinition {
  return Object.freeze(definition);
}

/** A violation. */
export function fail(reason: string, message: string, more: Partial<Finding> = {}): Finding {
  return { verdict: 'fail', reason, message, evidence: [], ...more };
}

/** What had to be caused never happened, so that nothing can be said. */
export function untestable(reason: string, message: string, more: Partial<Finding> = {}): Finding {
  return { verdict: 'untestable' satisfies Verdict, reason, message, evidence: [], ...more };
}
