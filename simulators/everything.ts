import { type Crm, createCrm } from '#crm';
import { createEhrSite, type EhrSite } from '#ehr';
import { createHl7Site, type Hl7Site } from '#hl7';
import { Kernel, ManualClock } from '#kernel';
import { FAULTS } from './faults.ts';
import type { SiteConfig } from './sandbox.ts';

/** Every part that there is, not listening: for what docs and lists say of routes, hooks and levers. Its kernel wants closing. */
export interface Everything {
  kernel: Kernel;
  crm: Crm;
  sites: EhrSite[];
  links: Hl7Site[];
}

/** The CRM, and each of those sites with its HL7 link. */
export function everything(configs: readonly SiteConfig[]): Everything {
  const kernel = new Kernel({ clock: new ManualClock(), faults: FAULTS });
  const port = { follow: () => () => {}, commit: async () => ({ records: [], resources: [], seq: 0 }), find: async () => [] };
  const mounted = configs.map((config) => {
    const { name, vendor, authority, timeZone } = config;
    const site = createEhrSite(kernel, { ...config });
    return { site, link: createHl7Site(kernel, { site: name, dialect: vendor, authority, timeZone, port }) };
  });
  const crm = createCrm(kernel, {});
  return { kernel, crm, sites: mounted.map(({ site }) => site), links: mounted.map(({ link }) => link) };
}
