import type { FaultDefinition } from '#kernel';

/** Every fault that only a CRM can have, in the order in which docs and `syncproof list faults` show them. */
export const CRM_FAULTS: readonly FaultDefinition[] = [];
