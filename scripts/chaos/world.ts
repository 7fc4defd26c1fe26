import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Crm } from '#crm';
import type { EhrSite } from '#ehr';
import { people, toPatient } from '#fixtures';
import type { Kernel } from '#kernel';
import { type Sandbox, type SiteConfig, startSandbox } from '#sandbox';
import { Listener } from './wire.ts';

const jwk = JSON.parse(readFileSync(new URL('../../fixtures/credentials/subject-public.jwk.json', import.meta.url), 'utf8'));
const TYPES = ['Patient', 'Appointment', 'Encounter', 'Subscription', 'SubscriptionTopic'];
export const SCOPES = [...TYPES.map((type) => `system/${type}.*`), 'athena/service/Athenanet.MDP.*'];
export const CLIENT = { id: 'chaos', secret: 'chaos-secret', publicJwk: jwk, scopes: SCOPES };
export const KEY = {
  pem: readFileSync(new URL('../../fixtures/credentials/subject-private.pem', import.meta.url), 'utf8'),
  kid: 'syncproof-subject-1',
};

const SITES: readonly SiteConfig[] = [
  { name: 'epic', vendor: 'epic', authority: '1.2.840.114350.1.13.999.2.7.5.737384.14', timeZone: 'America/New_York' },
  {
    ...{ name: 'cerner', vendor: 'cerner', tenant: 'ec2458f2-1e24-41c8-b71b-0e701af7583d' },
    ...{ authority: '2.16.840.1.113883.3.787.0.0', timeZone: 'America/Chicago' },
  },
  { name: 'athena', vendor: 'athena', tenant: '195900', authority: '1.3.6.1.4.1.21367.999.195900', timeZone: 'America/New_York' },
  { name: 'r4', vendor: 'r4', authority: 'https://plain.example', timeZone: 'America/New_York' },
];
const PEOPLE = 20;

export interface Somebody {
  id: string;
  mrn: string;
  resource: Record<string, unknown>;
}

/** A site with its people, and where one talks to it. */
export interface Place {
  name: string;
  vendor: string;
  authority: string;
  site: EhrSite;
  fhir: string;
  fhirTls: string;
  token: string;
  v1?: string;
  /** Its link in: `host:port`. */
  mllp: string;
  people: Somebody[];
}

/** A whole sandbox, with receivers of what it sends. */
export interface World {
  sandbox: Sandbox;
  kernel: Kernel;
  places: Place[];
  org: Crm;
  crm: { url: string; clientId: string; clientSecret: string };
  listener: Listener;
  hook: { url: string; taken: () => number };
  close(): Promise<void>;
}

export async function openWorld(seed: string): Promise<World> {
  const sandbox = await startSandbox({ seed, process: 'chaos', sites: SITES.map((site) => ({ ...site, clients: [CLIENT] })) });
  const { kernel } = sandbox;
  const listener = await Listener.open(kernel.clock);
  const hook = await openHook();
  const described = new Map(sandbox.parts.map((part) => [part.name, part.describe()]));
  const places: Place[] = [];
  for (const config of SITES) {
    const site = sandbox.parts.find(({ name }) => name === config.name) as EhrSite;
    const { fhir, fhirTls, token, v1 } = described.get(config.name)!.addresses;
    const mllp = described.get(`${config.name}-hl7`)!.addresses.mllpIn!;
    const folk = await populate(site, config, seed);
    places.push({ ...config, site, fhir: fhir!, fhirTls: fhirTls!, token: token!, v1, mllp, people: folk } as Place);
    await fetch(`${sandbox.controlUrl}/v1/sites/${config.name}/link`, {
      method: 'POST',
      body: JSON.stringify({ target: listener.address, ackTimeoutMs: 1000, retryMs: 100 }),
    });
  }
  const { addresses, credentials } = described.get('crm')!;
  return {
    ...{ sandbox, kernel, places, listener, hook, org: sandbox.parts.find(({ name }) => name === 'crm') as Crm },
    crm: {
      url: addresses.login ?? addresses.instance!,
      clientId: credentials.clientId!,
      clientSecret: credentials.clientSecret!,
    },
    close: async () => {
      await sandbox.stop();
      await listener.close();
      hook.server.closeAllConnections();
      await new Promise((resolve) => hook.server.close(resolve));
    },
  };
}

async function populate(site: EhrSite, { name, authority }: SiteConfig, seed: string): Promise<Somebody[]> {
  const crowd = [...people({ seed, runKey: 'chaos', label: name, count: PEOPLE, authority })];
  const changes = crowd.map((person) => ({
    op: 'create' as const,
    type: 'Patient',
    resource: toPatient(person, { name, authority }) as never,
  }));
  const { resources } = await site.commit({ act: 'register', changes });
  return crowd.map((person, n) => {
    const { meta: _, ...resource } = resources[n] as unknown as Record<string, unknown>;
    return { id: resource.id as string, mrn: person.mrn, resource };
  });
}

async function openHook(): Promise<{ server: Server; url: string; taken: () => number }> {
  let taken = 0;
  const server = createServer((request, reply) => {
    request.resume().on('end', () => {
      taken++;
      reply.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, taken: () => taken };
}
