import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { VENDORS } from '#ehr';
import type { SiteConfig } from '#sandbox';
import { suggestion } from './arguments.ts';
import { UsageError } from './usage.ts';

/** The sites that `up` knows by name. */
export const UP_SITES: readonly SiteConfig[] = [
  { name: 'epic', vendor: 'epic', authority: '1.2.840.114350.1.13.999.2.7.5.737384.14', timeZone: 'America/New_York' },
  {
    name: 'cerner',
    vendor: 'cerner',
    tenant: 'ec2458f2-1e24-41c8-b71b-0e701af7583d',
    authority: '2.16.840.1.113883.3.787.0.0',
    timeZone: 'America/Chicago',
  },
  { name: 'athena', vendor: 'athena', tenant: '195900', authority: '1.3.6.1.4.1.21367.999.195900', timeZone: 'America/New_York' },
  { name: 'r4', vendor: 'r4', authority: '1.3.6.1.4.1.21367.13.20', timeZone: 'America/Denver' },
];

/** Ports of `up`, one block of ten per site: HTTP, TLS at +1, HL7 in at +2. */
const PORTS: Readonly<Record<string, number>> = { control: 4000, epic: 4010, cerner: 4020, athena: 4030, r4: 4035, crm: 4040 };
/** Sites of `--site` that have no block of their own follow here, in their order. */
const MORE_PORTS = 4050;

/** The HTTP port of a part of `up` that has not been told another one. */
export function defaultPort(name: string, sites: readonly Pick<SiteConfig, 'name'>[]): number {
  const others = sites.filter((site) => PORTS[site.name] === undefined).map((site) => site.name);
  return PORTS[name] ?? MORE_PORTS + 10 * others.indexOf(name);
}

const KEYS: Readonly<Record<string, keyof SiteConfig>> = {
  name: 'name',
  vendor: 'vendor',
  authority: 'authority',
  time_zone: 'timeZone',
  tenant: 'tenant',
  practice: 'tenant',
  capability: 'capability',
};
const NEEDED = ['name', 'vendor', 'authority', 'time_zone'];

/** The sites of `up`: the known ones, and those that `--site` adds or puts in the place of one of the same name. */
export function sitesOf(given: readonly string[] = []): SiteConfig[] {
  const own = given.map(siteOf);
  return [...UP_SITES.filter(({ name }) => !own.some((one) => one.name === name)), ...own];
}

/** The parts that `up` was asked for; undefined for all. `hl7` are the links of the sites beside it. @throws UsageError */
export function partNames(mounted: readonly SiteConfig[], asked: string[]): string[] | undefined {
  if (asked.length === 0) return undefined;
  const sites = mounted.map((site) => site.name);
  const known = ['crm', ...sites, ...sites.map((site) => `${site}-hl7`)];
  const named = sites.filter((site) => asked.includes(site));
  return asked.flatMap((name) => {
    if (name === 'hl7') return (named.length > 0 ? named : sites).map((site) => `${site}-hl7`);
    if (known.includes(name)) return [name];
    throw new UsageError(`there is no part called ${JSON.stringify(name)}${suggestion(name, [...known, 'hl7'])}`);
  });
}

/** `name=mercy,vendor=r4,authority=1.2.3,time_zone=America/Denver,capability=mercy.json`. @throws UsageError */
function siteOf(text: string): SiteConfig {
  const pairs = text.split(',').map((part) => {
    const [key = '', ...value] = part.split('=');
    if (!KEYS[key])
      throw new UsageError(`--site ${text}: there is no ${JSON.stringify(key)}${suggestion(key, Object.keys(KEYS))}`);
    return [key, value.join('=')] as const;
  });
  const said = Object.fromEntries(pairs);
  const lacking = NEEDED.filter((key) => !said[key]);
  if (lacking.length > 0) throw new UsageError(`--site ${text}: lacks ${lacking.join(', ')}`);
  const { name, vendor, capability } = said;
  if (!/^[a-z][a-z0-9_]*$/.test(name!))
    throw new UsageError(`--site name=${name}: a name is lower-case letters, digits and underscores`);
  const vendors = VENDORS.map(({ id }) => id);
  if (!vendors.includes(vendor!))
    throw new UsageError(`--site vendor=${vendor}: there is no such vendor${suggestion(vendor!, vendors)}`);
  if (capability !== undefined && !existsSync(capability))
    throw new UsageError(`--site capability=${capability}: there is no such file`);
  return Object.fromEntries(
    pairs.map(([key, value]) => [KEYS[key]!, key === 'capability' ? resolve(value) : value]),
  ) as unknown as SiteConfig;
}
