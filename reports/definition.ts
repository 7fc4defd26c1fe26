import type { Killer, RunResult } from '#conformance';
import type { JournalEvent } from '#kernel';

/** A line of the subject owner's `fields.csv`, by column name; `row` says where it stands (`fields.csv:9`). */
export type MapRow = Readonly<Record<string, string>>;

/** What a report is made of. Everything in it is data: a report reads no file and no clock. */
export interface ReportInput {
  result: RunResult;
  events: readonly JournalEvent[];
  /** Rows of the data map, in the order of the file. */
  map?: readonly MapRow[];
  /** Colour in which the timeline draws each fault, by name; as the faults define it. */
  colours?: Readonly<Record<string, string>>;
  /** Why a verdict is to be trusted. */
  proof?: Proof;
}

/** By check, the broken syncs that it has to fail, and when that was last seen of all of them. */
export interface Proof {
  at?: string;
  killers: Readonly<Record<string, readonly Killer[]>>;
}

/** One format: a file in the run folder. */
export interface ReportDefinition {
  name: string;
  /** Name of the file in the run folder. */
  file: string;
  doc: string;
  render(input: ReportInput): string;
}

export const defineReport = (definition: ReportDefinition): ReportDefinition => Object.freeze(definition);
