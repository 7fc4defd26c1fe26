import net, { type AddressInfo, type Socket } from 'node:net';
import tls from 'node:tls';
import { type Exchange, Rejected, Severed, type Wire } from './hooks.ts';
import { listenOn, socketWire } from './http.ts';
import type { Kernel } from './kernel.ts';
import type { FaultPlace } from './places.ts';
import type { Identity } from './tls.ts';

/** What a decoder found in a stream: a whole frame without its envelope, or bytes that belong to none. */
export type Received = { frame: Buffer } | { junk: Buffer };

/** Cuts the byte stream of one connection into frames. */
export interface FrameDecoder {
  push(chunk: Buffer): Received[];
}

/** One open connection, as the one who answers frames sees it. */
export interface TcpConnection {
  /** `host:port` of the other end. */
  readonly peer: string;
  readonly wire: Wire;
}

export interface TcpFaceOptions {
  sim: string;
  tenant: string;
  name: string;
  decoder: () => FrameDecoder;
  /** What the place is to faults, where several listeners are of one kind. */
  kind?: string;
  /** Operations that frames can have; any, where it is absent. */
  operations?: () => readonly string[];
  /** Whether a frame can have this operation and this type together. */
  knows?: FaultPlace['knows'];
  /** The people whose records a frame touches. */
  people?: FaultPlace['people'];
  /** Answers one frame with the bytes to write, or nothing. Frames of a connection come one after the other. */
  onFrame: (frame: Buffer, connection: TcpConnection) => Promise<Buffer | undefined>;
}

// All but `connect` are passed by who answers the frames.
const TCP_HOOKS = ['connect', 'request', 'before-commit', 'after-commit', 'reply', 'body'] as const;

// Frames of one connection that may wait for their turn.
const MOST_WAITING = 64;

const drained = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
  });

/** A listener that speaks in frames over TCP or TLS. Owns sockets, the `connect` hook and `connection` events. */
export class TcpFace {
  readonly options: TcpFaceOptions;
  #kernel: Kernel;
  #server?: net.Server;
  #sockets = new Set<Socket>();

  constructor(kernel: Kernel, options: TcpFaceOptions) {
    this.#kernel = kernel;
    this.options = options;
    const { sim, tenant, name, kind, operations = () => [], knows, people } = options;
    kernel.places.add({
      sim,
      tenant,
      kind,
      name: `frames to ${name}`,
      hooks: TCP_HOOKS,
      knows,
      people,
      operations: () => operations(),
    });
  }

  /**
   * Starts listening; port 0 takes a free one. With an identity it speaks TLS only, and with `clientCa` (PEM) only to clients whose certificate comes from that authority. @throws when the port is taken.
   */
  async listen(options: { host: string; port: number; identity?: Identity; clientCa?: string }): Promise<void> {
    const accept = (socket: Socket): void => this.#accept(socket);
    const { identity, host, port, clientCa } = options;
    const mutual = clientCa ? { ca: clientCa, requestCert: true, rejectUnauthorized: true } : {};
    const server = identity
      ? tls.createServer({ ...identity, ...mutual, minVersion: 'TLSv1.2' }, accept)
      : net.createServer(accept);
    // Under TLS these are the raw sockets: one that never ends its handshake must not keep the face from closing.
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    server.on('tlsClientError', (error: Error) => this.#journal({ state: 'failed', reason: error.message }));
    await listenOn(server, host, port, `the ${this.options.name} listener`);
    this.#server = server;
  }

  /** `host:port`; undefined when it does not listen. */
  address(): string | undefined {
    if (!this.#server) return undefined;
    const { address, port } = this.#server.address() as AddressInfo;
    return `${address === '0.0.0.0' || address === '::' ? '127.0.0.1' : address}:${port}`;
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
    if (server) await new Promise((resolve) => server.close(resolve));
  }

  #accept(socket: Socket): void {
    const peer = `${socket.remoteAddress}:${socket.remotePort}`;
    const decoder = this.options.decoder();
    const connection: TcpConnection = { peer, wire: socketWire(socket) };
    this.#journal({ state: 'open', direction: 'in', peer });
    // Everything on a connection happens in order: the connect hook first, then one frame after the other.
    let turn = this.#connected(connection.wire, socket);
    socket.setNoDelay(true);
    // A peer that sends faster than it is answered waits, so that nobody can fill the memory.
    let waiting = 0;
    socket.on('data', (chunk: Buffer) => {
      for (const received of decoder.push(chunk)) {
        if (++waiting > MOST_WAITING) socket.pause();
        turn = turn
          .then(() => this.#take(received, connection, socket))
          .then(() => {
            if (--waiting === 0) socket.resume();
          });
      }
    });
    socket.on('error', () => {}); // a peer that resets is not our error
    socket.on('close', () => this.#journal({ state: 'closed', direction: 'in', peer }));
  }

  async #connected(wire: Wire, socket: Socket): Promise<void> {
    const exchange: Exchange = {
      id: this.#kernel.journal.head,
      sim: this.options.sim,
      tenant: this.options.tenant,
      operation: 'connect',
      path: '/in',
      text: '',
      records: [],
      committed: false,
      wire,
      reject: (error, params) => {
        throw new Rejected(error, params);
      },
    };
    try {
      await this.#kernel.rules.fire('connect', exchange);
    } catch (error) {
      if (!(error instanceof Severed)) socket.destroy();
    }
  }

  async #take(received: Received, connection: TcpConnection, socket: Socket): Promise<void> {
    if (socket.destroyed || !this.#server) return;
    try {
      if ('junk' in received) {
        const { peer } = connection;
        return this.#journal({ state: 'junk', direction: 'in', peer, bytes: received.junk.length });
      }
      const reply = await this.options.onFrame(received.frame, connection);
      // Answers that are not read are not piled up either.
      if (reply && !socket.destroyed && !socket.write(reply)) await drained(socket);
    } catch (error) {
      if (error instanceof Severed) return;
      this.#kernel.report(error, { sim: this.options.sim, tenant: this.options.tenant });
      socket.destroy();
    }
  }

  // What happens while it closes is of no interest, and the journal may be closed by then.
  #journal(data: Record<string, unknown>): void {
    if (!this.#server) return;
    const { sim, tenant } = this.options;
    this.#kernel.journal.append({ sim, tenant, kind: 'connection', data });
  }
}

export interface DialOptions {
  host: string;
  port: number;
  /** Speak TLS. The peer is verified only when `ca` (PEM) is given: a subject's own certificate is of no authority we know. */
  tls?: boolean;
  ca?: string;
  /** Certificate and key of our own, for a peer that asks for one. */
  identity?: Identity;
  timeoutMs: number;
}

/** Opens a connection out. @throws Error naming the reason: refused, unreachable, no answer in time, no TLS. */
export function dial(kernel: Kernel, options: DialOptions): Promise<Socket> {
  const { host, port, ca, identity } = options;
  return new Promise((resolve, reject) => {
    const socket = options.tls
      ? tls.connect({ host, port, ca, ...identity, rejectUnauthorized: ca !== undefined, servername: net.isIP(host) ? '' : host })
      : net.connect({ host, port });
    const cancel = kernel.clock.after(options.timeoutMs, () => fail(new Error(`no connection within ${options.timeoutMs} ms`)));
    function fail(error: Error): void {
      cancel();
      socket.destroy();
      reject(error);
    }
    socket.once('error', fail);
    socket.once(options.tls ? 'secureConnect' : 'connect', () => {
      cancel();
      socket.off('error', fail);
      socket.on('error', () => {}); // 'close' follows, and is what its holder listens to
      socket.setNoDelay(true);
      resolve(socket);
    });
  });
}
