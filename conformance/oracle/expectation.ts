import type { Chart, PathSite } from '../map/fhirpath.ts';
import type { FieldValue } from '../map/field-types.ts';
import type { MapObject, MapRow } from '../map/map.ts';

/** What the oracle needs to know of a site; a site of the manifest is one. */
export interface OracleSite extends PathSite {
  channels?: { read: readonly { kind: string }[] };
}

/** A record's truth: its images, oldest first; null once deleted. A history of the facts is one. */
export interface TruthHistory {
  /** Site name. */
  tenant: string;
  /** Resource type. */
  type: string;
  versions: readonly { act: string; image: object | null }[];
}

export interface ExpectContext {
  /** Newest image of what a reference (`Patient/…`) names at the same site; null or undefined where there is none. */
  resolve?(reference: string): object | null | undefined;
  /** All that the site says of a patient at that moment, for rows that read `%chart`. */
  chart?(): Chart;
  /** The day of the run, `YYYY-MM-DD`. */
  today?: string;
  /** The last value that a CRM user gave each field of the record's row; only edited fields. */
  edits?: Readonly<Record<string, unknown>>;
}

/** Why a field is not judged. */
export type Unjudged =
  /** The transform is beyond the map. */
  | 'opaque'
  /** The subject's own bookkeeping. */
  | 'sync-owned'
  /** CRM-owned, and no CRM user gave a value yet. */
  | 'crm-owned'
  /** `on_missing` keep, and the truth never held a value. */
  | 'never-held'
  /** The row has no column for the only channel that the site has. */
  | 'not-on-channel'
  /** No commit yet of an act that the row's trigger names. */
  | 'not-triggered'
  /** `on_invalid` quarantine holds the whole record back. */
  | 'quarantined'
  /** The record was merged away or deleted. */
  | 'gone'
  /** The map leaves the winner to a person, or to what this oracle cannot know. */
  | 'undecided';

export interface ExpectedField {
  row: MapRow;
  /** Values that are right, the likeliest first; null is an empty field. None where it is not judged. */
  values: readonly FieldValue[];
  unjudged?: Unjudged;
}

/** The CRM row that one truth record asks for. */
export interface ExpectedRecord {
  object: MapObject;
  site: string;
  /** CRM field that holds the identity, and its value; undefined where the truth has none. */
  keyField: string;
  key?: string;
  /** Whether the map wants this row to exist: in scope, with a key, not held back. */
  create: boolean;
  /** What the truth's end asks of the row: `inactive` not live, `deleted` not there, `kept` as it was. */
  fate: 'present' | 'inactive' | 'deleted' | 'kept';
  /** The row of the map that holds the record back because of an invalid value. */
  quarantinedBy?: MapRow;
  /** By CRM field. */
  fields: Readonly<Record<string, ExpectedField>>;
}

/** A field judged. `ok` is true for what is not judged; `expected` and `actual` are for people. */
export interface Judgement {
  judged: boolean;
  ok: boolean;
  /** The very same value, not only one of the same meaning (a phone in another spelling, say). */
  exact: boolean;
  expected: string;
  actual: string;
}

export interface Coverage {
  /** Rows that are judged, of those that carry truth (rows owned by `sync` do not count). */
  judged: number;
  of: number;
  /** Names of the rows that are not. */
  opaque: string[];
  sync: string[];
}
