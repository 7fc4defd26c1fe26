import { CRM_FAULTS } from '#crm';
import { EHR_FAULTS } from '#ehr';
import { HL7_FAULTS } from '#hl7';
import { type FaultDefinition, KERNEL_FAULTS } from '#kernel';

/** Every fault there is: those of anything, then those of each simulator. */
export const FAULTS: readonly FaultDefinition[] = [...KERNEL_FAULTS, ...HL7_FAULTS, ...EHR_FAULTS, ...CRM_FAULTS];
