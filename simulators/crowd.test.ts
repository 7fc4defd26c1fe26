import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createEhrSite, type EhrSite, VENDORS } from '#ehr';
import { Kernel, ManualClock } from '#kernel';
import { loadSynthea, populate } from './crowd.ts';
import type { Sandbox, SiteConfig } from './sandbox.ts';

const authority = '1.2.840.114350.1.13.999.2.7.5.737384.14';
const configs: SiteConfig[] = VENDORS.map(({ id }) => ({ name: id, vendor: id, authority, timeZone: 'America/Chicago' }));

async function sandboxOf(crowd: { people: number; years: number }) {
  const kernel = new Kernel({ clock: new ManualClock(), seed: 's', runKey: 'r' });
  const sites = configs.map((config) => createEhrSite(kernel, config));
  for (const site of sites) await site.seed();
  const sandbox = { kernel, parts: sites } as unknown as Sandbox;
  await populate(sandbox, configs, crowd);
  return { kernel, sites, sandbox, again: () => populate(sandbox, configs, crowd) };
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

describe('bundles of Synthea', () => {
  const folder = mkdtempSync(join(tmpdir(), 'synthea-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const write = (name: string, value: unknown) => writeFileSync(join(folder, name), JSON.stringify(value));
  const bundle = (id: string, system = 'https://github.com/synthetichealth/synthea') => ({
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      { resource: { resourceType: 'Patient', id, identifier: [{ system, value: id }], name: [{ family: id }] } },
      {
        resource: {
          resourceType: 'Encounter',
          id: `${id}-visit`,
          status: 'finished',
          class: { code: 'AMB' },
          subject: { reference: `urn:uuid:${id}` },
          participant: [{ individual: { reference: 'Practitioner?identifier=x|1' } }],
        },
      },
      { resource: { resourceType: 'Claim', id: `${id}-claim` } },
    ],
  });

  test('are loaded at each site, once; what is left out is counted', async () => {
    write('a.json', bundle('a1'));
    write('hospitalInformation1.json', { resourceType: 'Bundle', entry: [] });
    const { kernel, sites, sandbox } = await sandboxOf({ people: 0, years: 0 });
    expect(await loadSynthea(sandbox, configs, folder)).toEqual({ bundles: 4, left: { Claim: 4 } });
    for (const site of sites) {
      const [visit] = site.find('Encounter', {}) as unknown as {
        subject: { reference: string };
        participant: [{ individual: object }];
      }[];
      expect(visit!.subject.reference).toBe(`Patient/${site.find('Patient', { family: 'a1' })[0]!.id}`);
      expect(visit!.participant[0].individual).toHaveProperty('reference', expect.stringContaining('Practitioner/'));
    }
    write('b.json', bundle('b1'));
    expect(await loadSynthea(sandbox, configs, folder)).toEqual({ bundles: 4, left: { Claim: 4 } });
    expect(sites.map((site) => count(site, 'Patient'))).toEqual([2, 2, 2, 2]);
    kernel.close();
  });

  test('stop at the first that is not Synthea’s, no JSON or no folder, by name', async () => {
    const { kernel, sandbox } = await sandboxOf({ people: 0, years: 0 });
    write('c.json', bundle('c1', 'urn:oid:1.2.3'));
    await expect(loadSynthea(sandbox, configs, folder)).rejects.toThrow(/c\.json: a patient has no identifier of https/);
    writeFileSync(join(folder, 'c.json'), '{');
    await expect(loadSynthea(sandbox, configs, folder)).rejects.toThrow(/c\.json: /);
    await expect(loadSynthea(sandbox, configs, join(folder, 'nowhere'))).rejects.toThrow(/nowhere cannot be read/);
    kernel.close();
  });
});
