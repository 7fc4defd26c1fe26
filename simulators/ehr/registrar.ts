import type { Kernel } from '#kernel';
import type { Registrar } from './engine/changes.ts';
import type { Resource } from './engine/resource.ts';
import type { Vendor, Wanted } from './vendors/vendor.ts';

/** A new id at a site, of the vendor's form. */
export const mintId = (kernel: Kernel, site: string, vendor: Vendor, type: string, wanted: Wanted): string =>
  vendor.hooks.mintId(kernel.mint(`ehr.${site}.${type}`), type, () => kernel.count(`ehr.${site}.${type}.serial`), wanted);

/**
 * The site's registration desk: ids of the vendor's form, an MRN for a patient and a contact number for an appointment
 * that come without any identifier. Deterministic: a function of seed, run key and count.
 */
export function registrarOf(
  kernel: Kernel,
  site: string,
  vendor: Vendor,
  systems: { mrn: string; appointment: string },
  tenant: string,
): Registrar {
  const numbered: Record<string, { system: string; start: number; text: string }> = {
    Patient: { system: systems.mrn, start: 700_000, text: 'MRN' },
    Appointment: { system: systems.appointment, start: 20_000_000, text: 'CSN' },
  };
  return {
    mintId: (type, resource, taken = () => false) => mintId(kernel, site, vendor, type, { tenant, resource, taken }),
    settle: vendor.hooks.settle ?? ((resource) => resource),
    complete: (resource): Resource => {
      const desk = numbered[resource.resourceType];
      if (!desk || resource.identifier !== undefined) return resource;
      const own = resource.id === undefined ? undefined : vendor.hooks.numberOf?.(resource.id);
      const value = own ?? String(desk.start + kernel.count(`ehr.${site}.${desk.text}`));
      const number = { use: 'usual' as const, type: { text: desk.text }, system: desk.system, value };
      const more = desk.text === 'MRN' ? (vendor.hooks.moreNumbers?.(number) ?? []) : [];
      return { ...resource, identifier: [number, ...more] };
    },
  };
}
