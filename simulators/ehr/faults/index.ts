import type { FaultDefinition } from '#kernel';

/** Every fault that only an EHR can have, in the order in which docs and `syncproof list faults` show them. */
export const EHR_FAULTS: readonly FaultDefinition[] = [];
