import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultPort, partNames, sitesOf, UP_SITES } from './up-sites.ts';

const mercy = 'name=mercy,vendor=r4,authority=1.2.3,time_zone=America/Denver';

describe('parts', () => {
  it.each([
    ['', undefined],
    ['crm', ['crm']],
    ['epic hl7', ['epic', 'epic-hl7']],
    ['cerner epic hl7 crm', ['cerner', 'epic', 'epic-hl7', 'cerner-hl7', 'crm']],
    ['hl7', UP_SITES.map(({ name }) => `${name}-hl7`)],
    ['epic-hl7', ['epic-hl7']],
  ])('%j', (asked, parts) => expect(partNames(UP_SITES, asked.split(' ').filter(Boolean))).toEqual(parts));

  it('that there are not are refused with the nearest', () =>
    expect(() => partNames(UP_SITES, ['epik'])).toThrow(/did you mean epic/));
});

describe('--site', () => {
  it('adds a site, on ports of its own', () => {
    const sites = sitesOf([mercy, mercy.replace('mercy', 'north')]);
    expect(sites.slice(0, -2)).toEqual(UP_SITES);
    expect(sites.at(-2)).toEqual({ name: 'mercy', vendor: 'r4', authority: '1.2.3', timeZone: 'America/Denver' });
    expect(sites.map(({ name }) => defaultPort(name, sites)).slice(-2)).toEqual([4050, 4060]);
    expect(defaultPort('cerner', sites)).toBe(4020);
  });

  it('takes the place of a site of the same name', () => {
    const sites = sitesOf([mercy.replace('mercy', 'epic')]);
    expect(sites.filter(({ name }) => name === 'epic')).toMatchObject([{ vendor: 'r4' }]);
    expect(sites.length).toBe(UP_SITES.length);
  });

  it('takes the hospital’s own CapabilityStatement', () => {
    const file = 'simulators/ehr/vendors/epic/capability.generated.json';
    expect(sitesOf([`${mercy},capability=${file},tenant=a1`]).at(-1)).toMatchObject({ capability: resolve(file), tenant: 'a1' });
  });

  it.each([
    [mercy.replace('authority=1.2.3,', ''), /lacks authority/],
    [mercy.replace('r4', 'r5'), /there is no such vendor/],
    [mercy.replace('mercy', 'Mercy'), /a name is lower-case/],
    [`${mercy},capability=nowhere.json`, /there is no such file/],
    [`${mercy},colour=red`, /there is no "colour"/],
  ])('%s: %s', (text, says) => expect(() => sitesOf([text])).toThrow(says));
});
