import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EhrSite, InvalidResource, RESOURCE_TYPES, type Resource } from '#ehr';
import { chartOf, type Entry, NotSynthetic, people, type Staff, syntheaChart, toPatient } from '#fixtures';
import { ConfigurationError } from '#kernel';
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
    let n = 0;
    for (const person of people({ seed, runKey, label: name, count, authority })) {
      const entries: readonly Entry[] =
        years === 0
          ? [{ as: 'patient', resource: toPatient(person, fixtureSite) }]
          : chartOf(person, fixtureSite, [seed, runKey, name], { years, staff }).entries;
      // Under a name: a sandbox that was killed meanwhile goes on where it was.
      const call = `up ${name} ${++n}`;
      await site.commit({ act: 'seed', actor: 'user:clinic', call, changes: entries.map(toChange) });
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

/** How many bundles were loaded at each site, and what of them was left out, by type. */
export interface Loaded {
  bundles: number;
  left: Record<string, number>;
}

/**
 * Loads what Synthea wrote (`output/fhir`, one bundle a person) at each site, once: a restart with its data folder has it already.
 * @throws ConfigurationError naming the file that cannot be loaded: no bundle, not Synthea's, not FHIR.
 */
export async function loadSynthea(sandbox: Sandbox, sites: readonly SiteConfig[], folder: string): Promise<Loaded> {
  const loaded: Loaded = { bundles: 0, left: {} };
  const done = sandbox.kernel.cell<boolean>('up.synthea');
  // Beside people, Synthea lists its hospitals and doctors: the site has its own.
  const files = bundlesIn(folder).filter((name) => !/^(hospital|practitioner)Information/.test(name));
  if (files.length === 0) throw new ConfigurationError(`${folder} holds no bundles (*.json) of people`);
  for (const [site, { name, authority }] of ehrSites(sandbox, sites)) {
    const staff = staffOf(site);
    for (const file of files) {
      if (done.get(`${name}/${file}`)) continue;
      const text = readFileSync(join(folder, file), 'utf8');
      try {
        const { entries, left } = syntheaChart(JSON.parse(text), { name, authority }, staff, RESOURCE_TYPES);
        const call = `synthea ${name} ${file}`;
        await site.commit({ act: 'seed', actor: 'user:clinic', call, changes: entries.map(toChange) });
        for (const [type, count] of Object.entries(left)) loaded.left[type] = (loaded.left[type] ?? 0) + count;
      } catch (error) {
        if (!(error instanceof NotSynthetic || error instanceof InvalidResource || error instanceof SyntaxError)) throw error;
        throw new ConfigurationError(`${join(folder, file)}: ${error.message}`, { cause: error });
      }
      done.set(`${name}/${file}`, true);
      loaded.bundles++;
    }
  }
  return loaded;
}

function bundlesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .sort();
  } catch (error) {
    throw new ConfigurationError(`${folder} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
