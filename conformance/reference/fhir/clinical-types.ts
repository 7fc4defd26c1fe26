import type { Period } from './map.ts';

/** What of the clinical resources of FHIR R4 is read here. */
export type Coded = { text?: string; coding?: { system?: string; code?: string; display?: string }[] };
export type Named = { reference?: string; display?: string };
export type Quantity = { value?: number; unit?: string; code?: string };

export type Encounter = {
  resourceType: 'Encounter';
  id: string;
  status?: string;
  type?: Coded[];
  participant?: { individual?: Named }[];
  period?: Period;
};
export type Condition = {
  resourceType: 'Condition';
  id: string;
  clinicalStatus?: Coded;
  verificationStatus?: Coded;
  code?: Coded;
};
export type Observation = {
  resourceType: 'Observation';
  id: string;
  status?: string;
  code?: Coded;
  effectiveDateTime?: string;
  effectivePeriod?: Period;
  issued?: string;
  valueQuantity?: Quantity;
  interpretation?: Coded[];
};
export type ServiceRequest = {
  resourceType: 'ServiceRequest';
  id: string;
  status?: string;
  intent?: string;
  code?: Coded;
  occurrenceDateTime?: string;
  occurrencePeriod?: Period;
  performer?: Named[];
};
export type Allergy = {
  resourceType: 'AllergyIntolerance';
  id: string;
  clinicalStatus?: Coded;
  verificationStatus?: Coded;
  code?: Coded;
};

/** A patient's clinical chart, as far as the map takes something from it; a list is undefined where the hospital serves none. */
export type Clinical = {
  encounters: Encounter[];
  conditions?: Condition[];
  observations?: Observation[];
  orders?: ServiceRequest[];
  allergies?: Allergy[];
};

export const codes = (coded: Coded | undefined): string[] => (coded?.coding ?? []).flatMap(({ code }) => code ?? []);
