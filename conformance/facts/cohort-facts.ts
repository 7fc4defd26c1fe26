import type { Evidence } from './evidence.ts';
import type { CheckLog } from './facts.ts';

/** What a check's `expect` may ask about one matter, on the evidence of its own people. */
export abstract class CohortFacts {
  protected readonly evidence: Evidence;
  protected readonly cohort: string;
  protected readonly log: CheckLog;

  constructor(evidence: Evidence, cohort: string, log: CheckLog) {
    this.evidence = evidence;
    this.cohort = cohort;
    this.log = log;
  }
}
