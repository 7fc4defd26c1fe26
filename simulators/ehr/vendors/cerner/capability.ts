import type { Interaction } from '../vendor.ts';
import statement from './capability.generated.json' with { type: 'json' };

// The open endpoint, whose statement is public, is read only. What the secure one adds: the resource pages of
// fhir.cerner.com (Millennium R4) and the statement of the secure sandbox.
const WRITES: Readonly<Record<string, readonly Interaction[]>> = {
  Appointment: ['create', 'patch'],
  Communication: ['create', 'patch'],
  Encounter: ['create', 'patch'],
  MedicationRequest: ['create', 'patch'],
  Patient: ['create', 'patch'],
  RelatedPerson: ['create', 'patch'],
  Coverage: ['create', 'patch', 'delete'],
  AllergyIntolerance: ['create', 'update'],
  Condition: ['create', 'update'],
  DocumentReference: ['create', 'update'],
  Immunization: ['create', 'update'],
  Observation: ['create', 'update'],
  Organization: ['create'],
  Practitioner: ['create'],
  Provenance: ['create'],
  Slot: ['patch'],
};

interface Declared {
  type: string;
  interaction: { code: string }[];
  operation?: { name: string }[];
}

const [server] = statement.rest;
const written = (server!.resource as Declared[]).map((one) => ({
  ...one,
  interaction: [...one.interaction, ...(WRITES[one.type] ?? []).map((code) => ({ code }))],
}));

/** What the secure endpoint offers: the published statement with the writes, and the group that is exported in bulk. */
export const CERNER_STATEMENT: object = {
  ...statement,
  rest: [{ ...server, resource: [...written, { type: 'Group', interaction: [], operation: [{ name: 'group-export' }] }] }],
};
