import type { StatementOverlay } from '../../engine/capability.ts';
import type { SearchNeeds, TypeCapability } from '../vendor.ts';

// The statement lists the combinations in an extension (ah-search-parameter-metadata); the refusal repeats them, as
// recorded by fastenhealth/fasten-sources.
const needs = (...anyOf: string[][]): Partial<TypeCapability> => {
  const combinations = anyOf.map((set) => set.join(','));
  const listed = combinations.map((set) => `[${set}]`).join(',');
  const one: SearchNeeds = {
    anyOf,
    text: `The search query could not be performed because one of the required parameter combinations [${listed}] was not provided.`,
    expression: combinations.join(';'),
  };
  return { needs: [one] };
};
const ofPatient = needs(['patient'], ['_id']);

/** What athenahealth's statement says in an extension, and leaves unsaid. */
export const ATHENA_OVERLAY: StatementOverlay = {
  every: { unknown: 'ignore' },
  // `ah-practice` says where, `cursor` which page; the others change what is shown of records that nobody has here.
  house: {
    'ah-practice': 'reference',
    cursor: 'token',
    _query: 'string',
    'ah-redact-inline-security': 'token',
    'ah-include-quality-codes': 'token',
    'ah-most-recent-medication-instance-and-prescribed-vaccines': 'token',
  },
  types: {
    Patient: needs(['_id'], ['identifier'], ['name'], ['family', 'birthdate'], ['family', 'gender'], ['family', 'given']),
    Appointment: needs(['_query', 'base-appointment-id'], ['_query', 'group-appointment-id'], ['_id']),
    Encounter: ofPatient,
    Observation: ofPatient,
    Immunization: ofPatient,
    DocumentReference: ofPatient,
    ServiceRequest: needs(['_id'], ['patient']),
    Condition: needs(['encounter'], ['patient'], ['_id']),
    AllergyIntolerance: needs(['patient']),
    Coverage: needs(['patient']),
    MedicationRequest: needs(['patient', 'intent'], ['_id']),
    Location: needs(['_id']),
    Organization: needs(['_id']),
    Practitioner: needs(['_id'], ['identifier', 'ah-practice']),
    Provenance: needs(['target']),
  },
};
