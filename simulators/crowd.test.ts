import { expect, test } from 'vitest';
import { createEhrSite, type EhrSite, VENDORS } from '#ehr';
import { Kernel, ManualClock } from '#kernel';
import { populate } from './crowd.ts';
import type { Sandbox, SiteConfig } from './sandbox.ts';

const authority = '1.2.840.114350.1.13.999.2.7.5.737384.14';
const configs: SiteConfig[] = VENDORS.map(({ id }) => ({ name: id, vendor: id, authority, timeZone: 'America/Chicago' }));

async function sandboxOf(crowd: { people: number; years: number }) {
  const kernel = new Kernel({ clock: new ManualClock(), seed: 's', runKey: 'r' });
  const sites = configs.map((config) => createEhrSite(kernel, config));
  for (const site of sites) await site.seed();
  const sandbox = { kernel, parts: sites } as unknown as Sandbox;
  await populate(sandbox, configs, crowd);
  return { kernel, sites, again: () => populate(sandbox, configs, crowd) };
}
const count = (site: EhrSite, type: string) => site.find(type, {}).length;

test('each site gets people with their charts, once, and its group lists exactly them', async () => {
  const { kernel, sites, again } = await sandboxOf({ people: 30, years: 2 });
  for (const site of sites) {
    const patients = site.find('Patient', {}).map(({ id }) => `Patient/${id}`);
    expect(patients.length).toBeGreaterThanOrEqual(30);
    const members = (site.read('Group', site.groupId)!.member as { entity: { reference: string } }[]).map(
      (m) => m.entity.reference,
    );
    expect([...members].sort()).toEqual([...patients].sort());
    for (const type of ['Encounter', 'Observation', 'ServiceRequest', 'Coverage', 'Consent', 'AllergyIntolerance', 'Condition'])
      expect([site.name, type, count(site, type) > 10]).toEqual([site.name, type, true]);
    // The doctors are those of the site.
    const { participant } = site.find('Encounter', {})[0] as unknown as { participant: { individual: { reference: string } }[] };
    expect(site.practitioners.map((id) => `Practitioner/${id}`)).toContain(participant[0]!.individual.reference);
  }
  const before = count(sites[0]!, 'Encounter');
  await again();
  expect(count(sites[0]!, 'Encounter')).toBe(before);
  kernel.close();
});

test('without history there are people alone', async () => {
  const { kernel, sites } = await sandboxOf({ people: 5, years: 0 });
  for (const site of sites)
    expect([count(site, 'Patient'), count(site, 'Encounter'), count(site, 'Observation')]).toEqual([5, 0, 0]);
  kernel.close();
});
