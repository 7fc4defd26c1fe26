import type { Steps } from '../reference/steps.ts';

/** How a mutant reads the EHR; both are messages and polls. */
export type MutantReads = 'hl7' | 'poll' | 'both' | 'bulk' | 'changed' | 'subscription';

/** The reference sync with one behaviour broken (or, lawfully, other). */
export interface MutantDefinition {
  /** Equal to the file name. */
  id: string;
  /** One sentence: what it does wrong, or does differently. */
  breaks: string;
  /** How it reads the EHR; by messages alone unless said, as a poll soon repairs what a message broke. */
  reads?: MutantReads;
  /** At whose EHR, where that matters: one that shows when a record was last updated, say. The reference's own unless said. */
  vendor?: 'r4' | 'athena' | 'cerner';
  /** By which route it writes to the EHR; by messages unless said. */
  writeBack?: 'fhir';
  /** How many hospitals it serves; one unless said. */
  sites?: 1 | 2;
  /** The size of checks that shows it; `ci` unless said. */
  size?: 'full';
  /** How many instances of it run side by side; one unless said. */
  instances?: 2;
  /** Vendor of the second hospital; that of the first unless said. */
  second?: 'cerner';
  /** The map that it is judged by, a folder beside the default one; its org has person accounts where the map fills Account. */
  map?: string;
  /** Checks that it has to be run on beside its kills and the core. */
  also?: string[];
  /** The steps that it replaces. */
  steps: (reference: Steps) => Partial<Steps>;
  /**
   * Checks that must fail, each with the reason code; `or`: another reason, as true, where time alone decides which of the two
   * is seen. Empty for a lawful variant, which must pass everything.
   */
  kills: { check: string; reason: string; or?: string }[];
  /** Written by somebody who had read none of the checks: its kills say what the suite finds that it was not written for. */
  blind?: true;
  /** Checks that may fail beside them. */
  mayFail?: string[];
}

export const defineMutant = (definition: MutantDefinition): MutantDefinition => Object.freeze(definition);
