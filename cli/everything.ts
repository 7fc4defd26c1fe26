import { type Crm, createCrm } from '#crm';
import { createEhrSite, type EhrSite } from '#ehr';
import { createHl7Site, type Hl7Site } from '#hl7';
import { Kernel, ManualClock } from '#kernel';
import { FAULTS } from '#sandbox';
import { UP_SITES } from './up-sites.ts';

/** Every part that there is, not listening: for what docs and lists say of routes, hooks and levers. Its kernel wants closing. */
export interface Everything {
  kernel: Kernel;
  crm: Crm;
  sites: EhrSite[];
  links: Hl7Site[];
}

export function everything(): Everything {
  const kernel = new Kernel({ clock: new ManualClock(), faults: FAULTS });
  const port = { follow: () => () => {}, commit: async () => ({ records: [], resources: [], seq: 0 }), find: async () => [] };
  const mounted = UP_SITES.map((config) => {
    const { name, vendor, authority, timeZone } = config;
    const site = createEhrSite(kernel, { ...config });
    return { site, link: createHl7Site(kernel, { site: name, dialect: vendor, authority, timeZone, port }) };
  });
  const crm = createCrm(kernel, {});
  return { kernel, crm, sites: mounted.map(({ site }) => site), links: mounted.map(({ link }) => link) };
}
