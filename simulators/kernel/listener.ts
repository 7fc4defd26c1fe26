import type http from 'node:http';
import type net from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type tls from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { Severed } from './hooks.ts';
import type { Kernel } from './kernel.ts';
import { Overrides } from './overrides.ts';
import { ConfigurationError } from './part.ts';
import type { Lever, Undo } from './places.ts';
import { CERTIFICATE_FLAWS, type CertificateFlaw, type Identity } from './tls.ts';

/**
 * TLS versions that a listener can be confined to. This build of OpenSSL speaks 1.0 and 1.1 at security level 0 only;
 * SSL 3.0 and older it does not speak at all.
 */
export const TLS_VERSIONS = {
  '1.0': { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' },
  '1.1': { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
  '1.0-1.1': { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
  '1.2': { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' },
  '1.3': { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' },
} as const satisfies Record<string, tls.SecureContextOptions>;
export type TlsVersions = keyof typeof TLS_VERSIONS;

const USUAL_VERSIONS: tls.SecureContextOptions = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' };

/** How long what was under way may still take once connections are to end. */
const PARTING_MS = 1_000;
/** How soon a port is tried again that somebody took meanwhile. */
const AGAIN_MS = 50;

export interface ListenerOptions {
  kernel: Kernel;
  sim: string;
  tenant: string;
  /** For error messages. */
  name: string;
  /** Of a listener that speaks TLS. */
  identity?: Identity;
  /** PEM of the authority that clients' certificates have to come from. */
  clientCa?: string;
  /** Called with each connection before anything is read from it; nobody serves it before that is over. Undefined: at once. */
  knock?(socket: Socket): Promise<void> | undefined;
}

/** The names of what a TLS listener offers otherwise than usual; both absent as a rule. */
interface Offer {
  certificate?: CertificateFlaw;
  versions?: TlsVersions;
}

/** A listener's server on its way to another listener, and who connected meanwhile. */
export interface Handed {
  server: net.Server;
  identity?: Identity;
  /** Node's own listeners of connections. */
  serve: ServeSocket[];
  at?: AddressInfo;
  connections: Socket[];
}
type ServeSocket = (socket: Socket) => void;

/** `address port` of the other end. */
const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;

/** For servers of TLS. Without `clientCa`, anybody may come. */
export const tlsOptions = ({ key, cert }: Identity, clientCa?: string): tls.TlsOptions => ({
  ...{ key, cert, ...USUAL_VERSIONS },
  ...(clientCa && { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
});

/**
 * One listening port: who is let in and when, what it says of itself over TLS, and what of that can be set otherwise.
 * Journals each TLS handshake as a `connection` event (`secured`, or `failed` with the reason and the client's alert), and
 * `offers` when another certificate or other versions are offered from now on. No connection survives such a change.
 */
export class Listener {
  readonly secure: boolean;
  #server: net.Server;
  #options: ListenerOptions;
  #serve: ServeSocket[];
  /** Ways to stop listening to the server's events. */
  #heard: (() => void)[] = [];
  #given = false;
  #gone = 0;
  /** The TCP sockets by peer: a TLS socket cannot reset the connection that it runs on, this one can. */
  #sockets = new Map<string, Socket>();
  /** Peers whose connection ends with what is under way on it. */
  #leaving = new Set<string>();
  /** Peers whose handshake came to an end that is in the journal. */
  #told = new Set<string>();
  #at?: AddressInfo;
  #closed = false;
  #shut = new Overrides<true>();
  #shown = new Overrides<{ flaw: CertificateFlaw; identity: Identity }>();
  #versions = new Overrides<TlsVersions>();

  /** @param handed of a server that another listener gave away; it listens already. */
  constructor(server: net.Server, options: ListenerOptions, handed?: Handed) {
    this.#server = server;
    this.#options = options;
    this.secure = options.identity !== undefined;
    this.#at = handed?.at;
    // Node's own begin to read at once: they get a connection when that was let in.
    this.#serve = handed?.serve ?? (server.listeners('connection') as ServeSocket[]);
    server.removeAllListeners('connection');
    this.#listen('connection', (socket: Socket) => this.#connected(socket));
    if (this.secure) {
      this.#listen('secureConnection', (socket: TLSSocket) => this.#secured(socket));
      this.#listen('tlsClientError', (error: TlsError, socket: TLSSocket) => this.#failed(error, socket));
    }
    for (const socket of handed?.connections ?? []) if (!socket.destroyed) this.#connected(socket);
  }

  #listen(event: string, heard: (...args: never[]) => void): void {
    this.#server.on(event, heard as never);
    this.#heard.push(() => this.#server.off(event, heard as never));
  }

  /** Starts listening; port 0 takes a free one. @throws ConfigurationError when the port is taken. */
  async listen(host: string, port: number): Promise<void> {
    const { name } = this.#options;
    await new Promise<void>((resolve, reject) => {
      const failed = (error: NodeJS.ErrnoException): void => {
        const hint =
          error.code === 'EADDRINUSE' ? 'the port is in use: stop what holds it, or choose another port' : error.message;
        reject(new ConfigurationError(`cannot open ${name} on ${host}:${port}: ${hint}`, { cause: error }));
      };
      this.#server.once('error', failed);
      this.#server.listen(port, host, () => {
        this.#server.off('error', failed);
        resolve();
      });
    });
    this.#at = this.#server.address() as AddressInfo;
  }

  /** Where it listens, or will again; undefined before the first time. */
  get address(): AddressInfo | undefined {
    return this.#given ? undefined : this.#at;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const socket of this.#sockets.values()) socket.destroy();
    if (!this.#given) await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Gives the server away as it usually is: nobody holds anything over it any more. Open connections stay, until `close`. */
  handOver(): Handed {
    if (this.#shut.current) this.#server.listen(this.#at!.port, this.#at!.address);
    if (this.secure) (this.#server as tls.Server).setSecureContext(tlsOptions(this.#options.identity!, this.#options.clientCa));
    this.#closed = true;
    this.#given = true;
    for (const unheard of this.#heard) unheard();
    const connections: Socket[] = [];
    this.#server.on('connection', (socket: Socket) => void connections.push(socket));
    return { server: this.#server, identity: this.#options.identity, serve: this.#serve, at: this.#at, connections };
  }

  /** Lets another listener, which took its server over, have its open connections, too. */
  share(other: Listener): void {
    for (const socket of this.#sockets.values()) other.#keep(socket);
  }

  /** The TCP socket below one that may speak TLS. */
  below(socket: Socket): Socket {
    return this.#sockets.get(peerOf(socket)) ?? socket;
  }

  /** Whether nothing more shall be taken from that connection. */
  isLeaving(socket: Socket): boolean {
    return this.#leaving.size > 0 && this.#leaving.has(peerOf(socket));
  }

  /** Closes the port, so that connections are refused; those that are open are reset. */
  shut(): Undo {
    return changing(this.#shut.hold(true), () => this.#openOrShut());
  }

  /** Shows another certificate. @throws Error where this certificate is not of our making. */
  async show(flaw: CertificateFlaw): Promise<Undo> {
    const identity = await this.#options.identity?.flawed?.(flaw);
    if (!identity) throw new Error(`${this.#options.name} has no certificate of ours`);
    return changing(this.#shown.hold({ flaw, identity }), () => this.#offer());
  }

  /** Speaks these versions of TLS and no others. */
  confine(versions: TlsVersions): Undo {
    return changing(this.#versions.hold(versions), () => this.#offer());
  }

  #keep(socket: Socket): void {
    // Who is gone already has no address any more.
    const peer = socket.remotePort === undefined ? `gone ${++this.#gone}` : peerOf(socket);
    this.#sockets.set(peer, socket);
    socket.on('close', () => {
      // Of one who hangs up in mid handshake the TLS server knows not even who it was; who never said hello began none.
      if (this.secure && !this.#told.delete(peer) && !this.#leaving.has(peer) && socket.bytesRead > 0)
        this.#journal({ state: 'failed', direction: 'in', peer, reason: 'the client hung up', ...this.#offered });
      this.#sockets.delete(peer);
      this.#leaving.delete(peer);
    });
  }

  #connected(socket: Socket): void {
    this.#keep(socket);
    socket.on('error', () => {}); // a peer that resets is not our error; the exchange on it ends as severed
    const serve = (): void => {
      for (const each of this.#serve) each.call(this.#server, socket);
    };
    const waiting = this.#options.knock?.(socket);
    if (!waiting) serve();
    waiting?.then(
      () => {
        if (!socket.destroyed) serve();
      },
      (error) => {
        if (!(error instanceof Severed)) socket.destroy();
      },
    );
  }

  #openOrShut(): void {
    if (this.#closed) return;
    if (!this.#shut.current) this.#reopen();
    else if (this.#server.listening) {
      // First, since closing the server closes idle connections in order.
      for (const socket of this.#sockets.values()) socket.resetAndDestroy();
      this.#server.close();
    }
  }

  // Whoever took the port meanwhile (it may be the near end of a call out) will not have it for long.
  #reopen(): void {
    if (this.#closed || this.#server.listening || this.#shut.current || !this.#at) return;
    const { address, port } = this.#at;
    this.listen(address, port).catch(() => this.#options.kernel.clock.after(AGAIN_MS, () => this.#reopen()));
  }

  // A new context has new keys for session tickets: nobody goes on where a session before left off.
  #offer(): void {
    if (this.#closed) return;
    const identity = this.#shown.current?.identity ?? this.#options.identity!;
    const versions = this.#versions.current;
    const options = { ...tlsOptions(identity, this.#options.clientCa), ...(versions && TLS_VERSIONS[versions]) };
    (this.#server as tls.Server).setSecureContext(options);
    this.#part();
    this.#journal({ state: 'offers', ...this.#offered });
  }

  get #offered(): Offer {
    return { certificate: this.#shown.current?.flaw, versions: this.#versions.current };
  }

  // A call that is under way may come to its end; nothing new is taken, and after a while it is over in any case.
  #part(): void {
    const parting = [...this.#sockets.keys()];
    for (const peer of parting) this.#leaving.add(peer);
    if (!('closeIdleConnections' in this.#server)) {
      for (const socket of this.#sockets.values()) socket.destroy();
      return;
    }
    (this.#server as unknown as http.Server).closeIdleConnections();
    this.#options.kernel.clock.after(PARTING_MS, () => {
      for (const peer of parting) if (this.#leaving.has(peer)) this.#sockets.get(peer)?.destroy();
    });
  }

  #secured(socket: TLSSocket): void {
    if (this.isLeaving(socket)) return void socket.destroy();
    const { servername } = socket;
    this.#told.add(peerOf(socket));
    this.#journal({
      state: 'secured',
      direction: 'in',
      peer: peerOf(socket),
      protocol: socket.getProtocol(),
      cipher: socket.getCipher()?.name,
      sni: servername || undefined,
      resumed: socket.isSessionReused() || undefined,
      ...this.#offered,
    });
  }

  #failed({ reason, message }: TlsError, socket: TLSSocket): void {
    if (socket.remotePort === undefined || this.isLeaving(socket)) return;
    const peer = peerOf(socket);
    this.#told.add(peer);
    const alert = / alert (.+)$/.exec(reason ?? '')?.[1];
    this.#journal({ state: 'failed', direction: 'in', peer, reason: reason ?? message, alert, ...this.#offered });
  }

  // What happens while it closes is of no interest, and the journal may be closed by then.
  #journal(data: Record<string, unknown>): void {
    if (this.#closed) return;
    const { kernel, sim, tenant } = this.#options;
    kernel.journal.append({ sim, tenant, kind: 'connection', data });
  }
}

// Tells that a setting is another now, and again when it is taken back.
function changing(undo: Undo, changed: () => void): Undo {
  changed();
  let held = true;
  return () => {
    if (!held) return;
    held = false;
    undo();
    changed();
  };
}

type TlsError = Error & { reason?: string };

/** What can be set otherwise about the listeners of a place: nothing of TLS where none speaks it, and all while there are none yet. */
export function listenerLevers(listeners: readonly Listener[]): Record<string, Lever> {
  if (listeners.length === 0) return NOT_YET;
  const secure = listeners.filter((listener) => listener.secure);
  const together =
    (undos: Undo[]): Undo =>
    () => {
      for (const undo of undos) undo();
    };
  return {
    accepting: () => together(listeners.map((listener) => listener.shut())),
    ...(secure.length > 0 && {
      certificate: async ({ flaw }) => {
        const known = CERTIFICATE_FLAWS.find((one) => one === flaw);
        if (!known) throw new Error(`no certificate can be ${JSON.stringify(flaw)}`);
        return together(await Promise.all(secure.map((listener) => listener.show(known))));
      },
      'tls-versions': ({ only }) => {
        if (!Object.hasOwn(TLS_VERSIONS, String(only))) throw new Error(`no TLS versions are called ${JSON.stringify(only)}`);
        return together(secure.map((listener) => listener.confine(only as TlsVersions)));
      },
    }),
  };
}

const notYet = (): never => {
  throw new Error('nobody listens there yet');
};
const NOT_YET: Record<string, Lever> = { accepting: notYet, certificate: notYet, 'tls-versions': notYet };
