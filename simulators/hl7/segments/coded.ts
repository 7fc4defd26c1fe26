import type { CodeableConcept } from '@medplum/fhirtypes';
import type { Occurrence } from '../message/build.ts';
import type { SiteFacts } from '../site.ts';

/** Names of coding systems in HL7 v2 (table 0396) by their URL in FHIR. */
const SYSTEMS: Record<string, string> = {
  'http://loinc.org': 'LN',
  'http://snomed.info/sct': 'SCT',
  'http://unitsofmeasure.org': 'UCUM',
  'http://hl7.org/fhir/sid/cvx': 'CVX',
  'http://hl7.org/fhir/sid/mvx': 'MVX',
  'http://hl7.org/fhir/sid/icd-10-cm': 'I10',
  'http://www.ama-assn.org/go/cpt': 'C4',
  'http://www.nlm.nih.gov/research/umls/rxnorm': 'RXNORM',
};

/** A system of FHIR as HL7 v2 names it; `L` (local) for what has no name there. */
export const systemName = (url: string | undefined): string =>
  SYSTEMS[url ?? ''] ?? /CodeSystem\/v2-(\d{4})$/.exec(url ?? '')?.[1]?.replace(/^/, 'HL7') ?? 'L';

/** A clinical concept as CE or CWE: its first code, and the second one as the alternate. */
export function coded(concept: CodeableConcept | undefined): Occurrence {
  if (!concept) return undefined;
  const [first, second] = concept.coding ?? [];
  if (!first) return ['', concept.text];
  const alternate = second ? [second.code, second.display, systemName(second.system)] : [];
  return [first.code, concept.text ?? first.display, systemName(first.system), ...alternate];
}

/** An administrative concept in the site's own codes: code and text, or the text in place of the code. */
export function local({ dialect }: Pick<SiteFacts, 'dialect'>, concept: CodeableConcept | undefined): Occurrence {
  const code = concept?.coding?.[0]?.code;
  const text = concept?.text ?? concept?.coding?.[0]?.display;
  if (!concept) return undefined;
  return dialect.codes === 'display' ? (text ?? code) : [code, text];
}
