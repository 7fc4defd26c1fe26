import { type Manifest, startMode } from '#conformance';
import type { SandboxOptions } from '#sandbox';
import { defaultPort } from './up-sites.ts';

/**
 * Where a run's sandbox listens: what the manifest says under `ports:`; else free ports for a subject that is told of them,
 * and the documented ones for a subject that was configured before, by hand.
 */
export function portsOf(manifest: Manifest): Pick<SandboxOptions, 'ports' | 'controlPort'> {
  const told = startMode(manifest) === 'command';
  const standard = (name: string): number => (told ? 0 : defaultPort(name, manifest.sites));
  const block = (base: number) => ({ http: base, https: base && base + 1, tcp: base && base + 2 });
  const ports: NonNullable<SandboxOptions['ports']> = { crm: block(manifest.ports.crm ?? standard('crm')) };
  for (const { name } of manifest.sites) {
    ports[name] = block(manifest.ports.sites[name] ?? standard(name));
    ports[`${name}-hl7`] = ports[name];
  }
  return { ports, controlPort: manifest.ports.control ?? standard('control') };
}
