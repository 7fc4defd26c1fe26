import type { FaultDefinition } from '#kernel';
import { clientKeys } from './client-keys.ts';
import { elementRemoved } from './element-removed.ts';
import { elementRenamed } from './element-renamed.ts';
import { elementRequired } from './element-required.ts';
import { elementRetyped } from './element-retyped.ts';
import { fhirRetired } from './fhir-retired.ts';
import { scopeWithdrawn } from './scope-withdrawn.ts';
import { unknownCode } from './unknown-code.ts';
import { vendorQuota } from './vendor-quota.ts';

/** Every fault that only an EHR can have, in the order in which docs and `syncproof list faults` show them. */
export const EHR_FAULTS: readonly FaultDefinition[] = [
  scopeWithdrawn,
  clientKeys,
  vendorQuota,
  elementRenamed,
  elementRemoved,
  elementRetyped,
  elementRequired,
  unknownCode,
  fhirRetired,
];
