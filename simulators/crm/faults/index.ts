import type { FaultDefinition } from '#kernel';
import { apiRetired } from './api-retired.ts';
import { concurrentLimit } from './concurrent-limit.ts';
import { dailyLimit } from './daily-limit.ts';
import { fieldRemoved } from './field-removed.ts';
import { fieldRenamed } from './field-renamed.ts';
import { fieldRequired } from './field-required.ts';
import { fieldRetyped } from './field-retyped.ts';
import { fieldShorter } from './field-shorter.ts';
import { gapEvent } from './gap-event.ts';
import { overflowEvent } from './overflow-event.ts';
import { permissionWithdrawn } from './permission-withdrawn.ts';
import { picklistChanged } from './picklist-changed.ts';

/** Every fault that only a CRM can have, in the order in which docs and `syncproof list faults` show them. */
export const CRM_FAULTS: readonly FaultDefinition[] = [
  dailyLimit,
  concurrentLimit,
  permissionWithdrawn,
  fieldRenamed,
  fieldRemoved,
  fieldRetyped,
  fieldRequired,
  fieldShorter,
  picklistChanged,
  apiRetired,
  gapEvent,
  overflowEvent,
];
