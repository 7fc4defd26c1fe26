/** A value as the CRM holds it: text, instants in ISO form with `Z`, dates `YYYY-MM-DD`, numbers; null for an empty field. */
export type Value = string | number | boolean | null;

/** CRM field names and what they hold. A field that is absent says nothing; null says "empty". */
export type Fields = Record<string, Value>;

export type ObjectName = 'Contact' | 'Appointment__c' | 'Communication_Consent__c' | 'Referral__c' | 'Allergy__c' | 'Finding__c';

/**
 * How old a statement is: the EHR's commit time in milliseconds, then the feed's control id for two commits of one
 * millisecond. A poll has no control id and so loses a tie: it may have been answered just before that commit.
 */
export type Stamp = { at: number; seq: string };

/** The age of what no EHR said: anything that one says is newer. */
export const NEVER: Stamp = { at: 0, seq: '' };

/** What the EHR said last about each field, and when: a late message can only fill in what nothing newer has said. */
export type Desired = Record<string, { value: Value; stamp: Stamp }>;

/** What one message or one read says about one record. */
export type Change = {
  object: ObjectName;
  /** The external id, `EHR_Key__c`: `<assigning authority>|<MRN, appointment number or the EHR's own id>`. */
  key: string;
  /** The external id of the patient whom it is about: writes of one person never overtake each other. */
  person: string;
  stamp: Stamp;
  /** `IsDeleted` among them says whether the EHR took the record back. */
  fields: Fields;
  /** Values of CRM-owned fields: only for a record that the CRM does not have yet. */
  seed: Fields;
  /** When it came to us, and when the EHR last changed what it says; the time of the stamp where nothing is said. */
  fetchedAt?: number;
  updatedAt?: number;
  /** It is worked out of the whole chart: who may not see what it says must not see either that it changed. */
  isSummary?: boolean;
};

/** Two charts turned out to be one person: `loser` is retired, what it owned belongs to `survivor`. */
export type Merge = { loser: string; survivor: string; stamp: Stamp };

export type Fact = Change | Merge;

/** One record as this sync knows it: what the EHR wants it to be, and what the CRM was last known to hold. */
export type Link = {
  object: ObjectName;
  key: string;
  site: string;
  person: string;
  desired: Desired;
  seed: Fields;
  /** What the CRM holds as far as is known; null until it was first written or seen. */
  held: Fields | null;
  /** Counts the changes of what is desired; the record is to be written until `savedRevision` has caught up. */
  revision: number;
  savedRevision: number;
  /** When the CRM last confirmed a write, in our wall time; 0 for never. */
  savedAt: number;
  /** The survivor's key, once this patient was merged away. */
  mergedInto: string | null;
  /** The EHR's own id of a patient, once looked up. */
  fhirId: string | null;
};

/** One row that a CRM query returned, values in the form of `Value`. */
export type Row = { object: ObjectName; id: string; key: string; modified: string; fields: Fields };

/** What a CRM user's edit leads to: fields to put back in the CRM, fields to carry into the EHR. */
export type CrmEdit = { revert: Fields; writeBack: Fields };

/** A patient as a hospital knows one. An MRN alone names nobody: two hospitals hand out the same numbers. */
export type Identity = { authority: string; mrn: string };

/** By which way a change came: the hospital's messages, its API, a CRM user; or what an earlier start left behind. */
export type Channel = 'feed' | 'api' | 'crm' | 'start';

/** All that the sync takes from the machine it runs on; only `main.ts` makes one. */
export type Machine = {
  /** Wall time, milliseconds. */
  now(): number;
  /** Resolves after so many milliseconds, or at once when the signal stops it. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** From 0 up to 1. */
  random(): number;
  /** One line for the operator. Never a name, an identifier, a token or a message. */
  log(line: string): void;
};
