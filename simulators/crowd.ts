import type { EhrSite, Resource } from '#ehr';
import { chartOf, type Entry, people, type Staff, toPatient } from '#fixtures';
import type { Sandbox, SiteConfig } from './sandbox.ts';

export interface Crowd {
  /** How many people at each site. */
  people: number;
  /** Years of clinical history at most; 0 for people without any. */
  years: number;
}

/** The EHR sites of a sandbox that run in this process, with how they were configured. */
export const ehrSites = (sandbox: Sandbox, sites: readonly SiteConfig[]): [EhrSite, SiteConfig][] =>
  sites.flatMap((config) => {
    const part = sandbox.parts.find(({ name, sim }) => name === config.name && sim === 'ehr');
    return part ? [[part as EhrSite, config] as [EhrSite, SiteConfig]] : [];
  });

/**
 * Registers people at each site, with their charts: somebody who connects by hand should find something there. A restart with
 * its data folder finds those of before. One commit a chart, so that the sites answer in between.
 */
export async function populate(sandbox: Sandbox, sites: readonly SiteConfig[], { people: count, years }: Crowd): Promise<void> {
  const populated = sandbox.kernel.cell<boolean>('up.populated');
  const { seed, runKey } = sandbox.kernel;
  for (const [site, { name, authority }] of ehrSites(sandbox, sites)) {
    if (populated.get(name)) continue;
    const fixtureSite = { name, authority };
    const staff = staffOf(site);
    for (const person of people({ seed, runKey, label: name, count, authority })) {
      const entries: readonly Entry[] =
        years === 0
          ? [{ as: 'patient', resource: toPatient(person, fixtureSite) }]
          : chartOf(person, fixtureSite, [seed, runKey, name], { years, staff }).entries;
      await site.commit({ act: 'seed', actor: 'user:clinic', changes: entries.map(toChange) });
    }
    populated.set(name, true);
  }
}

/** One entry of a chart as a change of a commit. */
export const toChange = ({ as, resource }: Entry) => ({
  op: 'create' as const,
  type: resource.resourceType,
  as,
  resource: resource as unknown as Resource,
});

/** Who works at a site, and where, as its charts name them. */
export function staffOf(site: EhrSite): Staff {
  const named = (type: string, ids: readonly string[], nameOf: (one: Resource) => string) =>
    ids.flatMap((id) => {
      const found = site.read(type, id);
      return found ? [{ ref: `${type}/${id}`, display: nameOf(found) }] : [];
    });
  return {
    practitioners: named('Practitioner', site.practitioners, ({ name }) => (name as [{ text: string }])[0].text),
    locations: named('Location', site.locations, ({ name }) => String(name)),
  };
}
