import { connect, createServer } from 'node:net';
import { SubjectError } from '../subject/subject-error.ts';
import { type Manifest, needsWebhook, readsHl7, startMode } from './manifest.ts';
import type { Binds } from './settings.ts';

/** A port that nobody else can take until it is released, just before its user starts. */
export interface HeldPort {
  port: number;
  release(): Promise<void>;
}

/** A port that something else has already. */
export class PortTakenError extends SubjectError {
  constructor(address: string, code: string | undefined) {
    const message =
      code === 'EADDRINUSE' ? `${address} is in use by another process` : `${address} cannot be listened on (${code})`;
    super('starting', message, 'stop what listens there, or name another port in the manifest');
  }
}

/** Takes a free port, or the given one, by listening on it. @throws PortTakenError */
export function freePort(host = '127.0.0.1', port = 0): Promise<HeldPort> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(new PortTakenError(`${host}:${port}`, error.code)));
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address() as { port: number };
      resolve({ port: address.port, release: () => new Promise((done) => server.close(() => done())) });
    });
  });
}

export function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
}

/** Whether something accepts a TCP connection there within `timeoutMs`. */
export function accepts(address: string, timeoutMs = 1000): Promise<boolean> {
  const { host, port } = splitAddress(address);
  return new Promise((resolve) => {
    const socket = connect({ host: host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host, port, timeout: timeoutMs });
    const end = (ok: boolean) => {
      socket.destroy();
      resolve(ok);
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(false));
    socket.once('error', () => end(false));
  });
}

/** Where one instance listens, held until `release`. */
export interface HeldBinds extends Binds {
  release(): Promise<void>;
}

/** First port of the subject's HL7 listeners, and its webhook, when nothing else is said. */
const MLLP_PORT = 2575;
const WEBHOOK_PORT = 4090;

/**
 * Chooses where the subject has to listen: what the manifest says; else a free port that is held until it starts, or,
 * for a subject that we do not start, the documented one.
 * @throws PortTakenError when a fixed port of a subject that we are to start is in use.
 */
export async function holdBinds(manifest: Manifest, instance = 0): Promise<HeldBinds> {
  const ours = startMode(manifest) === 'command';
  const held: HeldPort[] = [];
  const release = async () => void (await Promise.all(held.splice(0).map((port) => port.release())));
  const bind = async (fixed: string | undefined, standard: number): Promise<string> => {
    if (!ours) return fixed ?? `127.0.0.1:${standard}`;
    const wanted = instance === 0 && fixed ? splitAddress(fixed) : { host: '127.0.0.1', port: 0 };
    const port = await freePort(wanted.host, wanted.port);
    held.push(port);
    return `${wanted.host}:${port.port}`;
  };
  const { listens, ports, sites } = manifest;
  const binds: HeldBinds = { mllp: {}, release };
  try {
    for (const [index, site] of sites.entries())
      if (readsHl7(site))
        binds.mllp[site.name] = await bind(listens.mllp[site.name] ?? local(ports.mllp[site.name]), MLLP_PORT + index);
    if (needsWebhook(manifest)) binds.webhook = await bind(hostOf(listens.webhook) ?? local(ports.webhook), WEBHOOK_PORT);
  } catch (error) {
    await release();
    throw error;
  }
  return binds;
}

/** Where the subject listens, whoever starts it and whether it runs already: the addresses alone, nothing is held. */
export async function listensAt(manifest: Manifest): Promise<Binds> {
  const { mllp, webhook } = await holdBinds({ ...manifest, start: { ...manifest.start, attach: true } });
  return { mllp, webhook };
}

const local = (port: number | undefined): string | undefined => (port === undefined ? undefined : `127.0.0.1:${port}`);

export function hostOf(url: string | undefined): string | undefined {
  if (!url) return undefined;
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`;
}
