import type { Kernel } from '#kernel';
import { EhrSite } from './site.ts';
import type { EhrSiteOptions } from './site-options.ts';

export { CLINIC } from './clinic.ts';
export type { ChangeRequest, CommitRequest } from './engine/changes.ts';
export { RESOURCE_TYPES } from './engine/definitions.ts';
export type { Resource, Stored } from './engine/resource.ts';
export { InvalidResource, type Issue, validate } from './engine/validate.ts';
export { EHR_FAULTS } from './faults/index.ts';
export { EhrSite } from './site.ts';
export type { CommitResult, EhrSiteOptions } from './site-options.ts';
export type { ClientRegistration } from './smart/clients.ts';
export { VENDORS } from './vendors/index.ts';
export type { Vendor } from './vendors/vendor.ts';

/**
 * An EHR site of one vendor, to be mounted in a process. Its records live in the kernel's database.
 * @throws when the vendor or the time zone is unknown.
 */
export const createEhrSite = (kernel: Kernel, options: EhrSiteOptions): EhrSite => new EhrSite(kernel, options);
