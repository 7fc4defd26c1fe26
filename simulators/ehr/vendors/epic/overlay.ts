import type { StatementOverlay } from '../../engine/capability.ts';
import type { SearchNeeds, TypeCapability } from '../vendor.ts';

// Texts and codes as recorded against the vendor's sandbox (fastenhealth/fasten-sources, mock-health/the-map).
const patient = (...instead: string[]): SearchNeeds => ({
  anyOf: [['_id'], ['patient|subject'], ...instead.map((name) => [name])],
  text: 'This resource requires a patient or _id parameter for searching.',
  expression: 'patient/_id',
});
const idOnly: Partial<TypeCapability> = {
  unknown: 'note',
  needs: [{ anyOf: [['_id']], error: 'unsupported-search', text: 'Only an _ID search is allowed.', expression: '_id' }],
};
const ofPatient: Partial<TypeCapability> = { needs: [patient()] };

/**
 * What Epic's statement leaves unsaid. Parameters that it lists after `_count` are post-filters ("Starting in May 2024"
 * of its notes): they never widen what the others found.
 */
export const EPIC_OVERLAY: StatementOverlay = {
  postAfterCount: true,
  // Modifiers are declared nowhere; `:exact`, `:contains` and the like are not known to work.
  every: { unknown: 'ignore' },
  types: {
    Patient: {
      unknown: 'note',
      needs: [
        {
          anyOf: [
            ['_id'],
            ['identifier'],
            ['family', 'given', 'birthdate'],
            ['family', 'given', 'gender|legal-sex', 'telecom|phone|email'],
          ],
          weak: 'empty',
          text: 'This resource requires demographics or _id parameter for searching.',
          expression: 'demographics/_id',
        },
      ],
    },
    Appointment: { needs: [patient('identifier', 'date')] },
    Encounter: { needs: [patient('identifier')] },
    Observation: {
      needs: [
        patient(),
        {
          anyOf: [['_id'], ['category'], ['code']],
          error: 'required',
          text: 'Must have either code or category.',
          expression: 'code/category',
        },
      ],
    },
    AllergyIntolerance: {
      needs: [{ anyOf: [['_id'], ['patient']], error: 'user-forbidden', text: '', expression: 'patient' }],
    },
    Condition: ofPatient,
    Communication: ofPatient,
    Consent: ofPatient,
    Coverage: { needs: [patient('beneficiary')] },
    DocumentReference: ofPatient,
    Immunization: ofPatient,
    MedicationRequest: ofPatient,
    ServiceRequest: { needs: [patient('identifier')] },
    Group: idOnly,
    Organization: idOnly,
    RelatedPerson: idOnly,
    Location: {
      needs: [
        {
          anyOf: [['_id'], ['type']],
          text: 'This resource requires a type or _id parameter for searching.',
          expression: 'type/_id',
        },
      ],
    },
    Practitioner: {
      needs: [
        {
          anyOf: [
            ['_id'],
            ['identifier'],
            ['family'],
            ['name'],
            ['given'],
            ['address'],
            ['address-city'],
            ['address-postalcode'],
            ['address-state'],
          ],
          text: 'This resource requires a name, identifier, address or _id parameter for searching.',
          expression: 'name/identifier/_id',
        },
      ],
    },
  },
};
