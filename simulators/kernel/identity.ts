/** Names one version of one record anywhere in the sandbox. */
export interface RecordRef {
  /** Which simulator holds it: `ehr`, `hl7`, `crm`. */
  sim: string;
  /** Site name for an EHR, organisation id for the CRM. */
  tenant: string;
  /** FHIR resource type or sObject name. */
  type: string;
  id: string;
  /** Counts from 1; deletes count too. */
  version: number;
}

/** A person as hospitals know them: an MRN is unique only within its assigning authority. */
export interface PersonId {
  authority: string;
  mrn: string;
}

/** Identity without the version, as one string: the key under which folds keep a record. */
export const recordKey = (ref: Omit<RecordRef, 'version'>): string => `${ref.sim}/${ref.tenant}/${ref.type}/${ref.id}`;
