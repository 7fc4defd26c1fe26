import { type Manifest, startMode } from '#conformance';
import type { SandboxOptions } from '#sandbox';
import { defaultPort } from './up-sites.ts';

/** The listeners of the CRM and of sites with their links: HTTP at a port of each, TLS at +1, HL7 in at +2; 0 takes free ones. */
export function portsFrom(sites: readonly { name: string }[], first: (name: string) => number): SandboxOptions['ports'] {
  return Object.fromEntries(
    ['crm', ...sites.map(({ name }) => name)].flatMap((name) => {
      const base = first(name);
      const at = (offset: number): number => (base === 0 ? 0 : base + offset);
      return [
        [name, { http: at(0), https: at(1) }],
        [`${name}-hl7`, { tcp: at(2) }],
      ];
    }),
  );
}

/**
 * Where a run's sandbox listens: what the manifest says under `ports:`; else free ports for a subject that is told of them,
 * and the documented ones for a subject that was configured before, by hand.
 */
export function portsOf(manifest: Manifest): Pick<SandboxOptions, 'ports' | 'controlPort'> {
  const { ports, sites } = manifest;
  const told = startMode(manifest) === 'command';
  const standard = (name: string): number => (told ? 0 : defaultPort(name, sites));
  const given = (name: string): number | undefined => (name === 'crm' ? ports.crm : ports.sites[name]);
  return {
    ports: portsFrom(sites, (name) => given(name) ?? standard(name)),
    controlPort: ports.control ?? standard('control'),
  };
}
