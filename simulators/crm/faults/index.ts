import type { FaultDefinition } from '#kernel';
import { gapEvent } from './gap-event.ts';
import { overflowEvent } from './overflow-event.ts';

/** Every fault that only a CRM can have, in the order in which docs and `syncproof list faults` show them. */
export const CRM_FAULTS: readonly FaultDefinition[] = [gapEvent, overflowEvent];
