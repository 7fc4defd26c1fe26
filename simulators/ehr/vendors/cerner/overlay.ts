import type { StatementOverlay } from '../../engine/capability.ts';
import type { SearchNeeds, TypeCapability } from '../vendor.ts';

// "at least one of …" as captured for Patient; the other types are worded alike.
const oneOf = (...anyOf: string[][]): SearchNeeds => {
  const names = anyOf.map((set) => set.join(' and ').replaceAll('|', ' or '));
  return {
    anyOf,
    text: `at least one of ${names.slice(0, -1).join(', ')}${names.length > 1 ? ', or ' : ''}${names.at(-1)} must be provided`,
    expression: anyOf.flat().join(','),
  };
};
const needing = (...anyOf: string[][]): Partial<TypeCapability> => ({ needs: [oneOf(...anyOf)] });

const PATIENT_KEYS = ['identifier', 'name', 'family', 'given', 'birthdate', 'phone', 'email', 'address-postalcode'];

/**
 * What Oracle Health's statement leaves unsaid: the parameter tables and notes of fhir.cerner.com/millennium/r4 (2024),
 * page sizes and totals as captured from the open sandbox (mock-health/the-map, fastenhealth/fasten-sources).
 */
export const CERNER_OVERLAY: StatementOverlay = {
  // Unknown parameters are dropped; a search that has nothing else is refused for what it lacks.
  every: { unknown: 'ignore', modifiers: ['exact'], mustMatch: true },
  types: {
    Patient: {
      needs: [
        {
          ...oneOf(['_id'], ...PATIENT_KEYS.map((name) => [name])),
          // As captured, word for word.
          text: 'at least one of _id, identifier, name, family, given, birthdate, phone, email, address-postalcode, or -pageContext must be provided',
        },
      ],
      total: 'all',
      defaultCount: 20,
      maxMatches: 1000,
    },
    Appointment: {
      ...needing(['_id'], ['patient|practitioner|location', 'date|-date-or-req-period']),
      sort: ['date'],
    },
    Encounter: { ...needing(['_id'], ['patient'], ['subject'], ['account'], ['identifier']), defaultCount: 10, sort: ['date'] },
    // Not paged: 1623 conditions came in one reply.
    Condition: { ...needing(['_id'], ['patient'], ['subject']), defaultCount: 10_000, maxCount: 10_000 },
    Observation: { ...needing(['_id'], ['patient'], ['subject']), defaultCount: 50, maxCount: 200, sort: ['-date'] },
    AllergyIntolerance: { ...needing(['_id'], ['patient']), defaultCount: 10_000, maxCount: 10_000 },
    Immunization: { ...needing(['_id'], ['patient']), total: 'all' },
    MedicationRequest: { ...needing(['_id'], ['patient']), defaultCount: 25 },
    ServiceRequest: needing(['_id'], ['patient'], ['subject']),
    DocumentReference: { ...needing(['_id'], ['patient']), defaultCount: 10, maxCount: 100 },
    // The page of 2024 has no `_id`, the statement of 2026 has.
    Coverage: needing(['_id'], ['patient'], ['-encounter']),
    Consent: needing(['_id'], ['patient'], ['actor'], ['patient.identifier'], ['actor.identifier']),
    Communication: needing(['_id'], ['category', 'recipient', 'received', '-email-status']),
    RelatedPerson: needing(['_id'], ['patient|identifier', '-relationship-level'], ['-encounter']),
    Practitioner: needing(['family'], ['identifier'], ['name'], ['active'], ['_id']),
    Organization: { ...needing(['_id'], ['identifier'], ['type'], ['name'], ['address']), defaultCount: 100 },
    Location: { ...needing(['_id'], ['-physicalType'], ['type']), defaultCount: 100 },
    Schedule: needing(['_id']),
    Slot: { ...needing(['_id'], ['service-type', 'start']), defaultCount: 50, maxCount: 200, sort: ['start'] },
    Provenance: needing(['_id'], ['target']),
  },
};
