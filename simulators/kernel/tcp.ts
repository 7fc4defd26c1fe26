import net, { type Socket } from 'node:net';
import tls from 'node:tls';
import { type Delivery, deliver } from './delivery.ts';
import { type Exchange, Rejected, Severed, type Wire } from './hooks.ts';
import { socketWire } from './http.ts';
import type { Kernel } from './kernel.ts';
import { Listener, listenerLevers, tlsOptions } from './listener.ts';
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
  /** How the next answer goes out, where not at once and whole. */
  delivery?: Delivery;
  /** Nothing more is said on it. */
  mute?: boolean;
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
  #listener?: Listener;

  constructor(kernel: Kernel, options: TcpFaceOptions) {
    this.#kernel = kernel;
    this.options = options;
    const { sim, tenant, name, kind, operations = () => [], knows, people } = options;
    const levers = () => listenerLevers(this.#listener ? [this.#listener] : []);
    kernel.places.add({
      ...{ sim, tenant, kind, name: `frames to ${name}`, hooks: TCP_HOOKS, knows, people, operations: () => operations() },
      get levers() {
        return levers();
      },
    });
  }

  /**
   * Starts listening; port 0 takes a free one. With an identity it speaks TLS only, and with `clientCa` (PEM) only to clients whose certificate comes from that authority. @throws when the port is taken.
   */
  async listen(options: { host: string; port: number; identity?: Identity; clientCa?: string }): Promise<void> {
    const accept = (socket: Socket): void => this.#accept(socket);
    const { identity, host, port, clientCa } = options;
    const server = identity ? tls.createServer(tlsOptions(identity, clientCa), accept) : net.createServer(accept);
    const { sim, tenant, name } = this.options;
    const knock = (socket: Socket) => this.#knock(socket);
    const about = { kernel: this.#kernel, sim, tenant, name: `the ${name} listener` };
    const listener = new Listener(server, { ...about, identity, clientCa, knock });
    await listener.listen(host, port);
    this.#listener = listener;
  }

  /** `host:port`; undefined when it does not listen. */
  address(): string | undefined {
    if (!this.#listener?.address) return undefined;
    const { address, port } = this.#listener.address;
    return `${address === '0.0.0.0' || address === '::' ? '127.0.0.1' : address}:${port}`;
  }

  async close(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    await listener?.close();
  }

  #accept(socket: Socket): void {
    const peer = `${socket.remoteAddress}:${socket.remotePort}`;
    const decoder = this.options.decoder();
    const below = this.#listener?.below(socket) ?? socket;
    const connection: TcpConnection = { peer, wire: socketWire(below) };
    this.#journal({ state: 'open', direction: 'in', peer });
    // Everything on a connection happens in order: one frame after the other.
    let turn = Promise.resolve();
    socket.setNoDelay(true);
    // A peer that sends faster than it is answered waits, so that nobody can fill the memory.
    let waiting = 0;
    socket.on('data', (chunk: Buffer) => {
      for (const received of decoder.push(chunk)) {
        if (++waiting > MOST_WAITING) socket.pause();
        turn = turn
          .then(() => this.#take(received, connection, { socket, below }))
          .then(() => {
            if (--waiting === 0) socket.resume();
          });
      }
    });
    socket.on('error', () => {}); // a peer that resets is not our error
    socket.on('close', () => this.#journal({ state: 'closed', direction: 'in', peer }));
  }

  #knock(socket: Socket): Promise<void> | undefined {
    const { rules, journal } = this.#kernel;
    if (!rules.any) return undefined;
    const { sim, tenant } = this.options;
    const exchange: Exchange = {
      ...{ id: journal.head, sim, tenant, operation: 'connect', path: '/in', text: '', records: [], committed: false },
      wire: socketWire(socket),
      reject: (error, params) => {
        throw new Rejected(error, params);
      },
    };
    return rules.fire('connect', exchange);
  }

  async #take(received: Received, connection: TcpConnection, sockets: { socket: Socket; below: Socket }): Promise<void> {
    const { socket } = sockets;
    if (socket.destroyed || !this.#listener || connection.mute) return;
    try {
      if ('junk' in received) {
        const { peer } = connection;
        return this.#journal({ state: 'junk', direction: 'in', peer, bytes: received.junk.length });
      }
      const reply = await this.options.onFrame(received.frame, connection);
      const { delivery } = connection;
      connection.delivery = undefined;
      if (reply && delivery)
        connection.mute = !(await deliver(reply, delivery, { clock: this.#kernel.clock, out: socket, ...sockets }));
      // Answers that are not read are not piled up either.
      else if (reply && !socket.destroyed && !socket.write(reply)) await drained(socket);
    } catch (error) {
      if (error instanceof Severed) return;
      this.#kernel.report(error, { sim: this.options.sim, tenant: this.options.tenant });
      socket.destroy();
    }
  }

  // What happens while it closes is of no interest, and the journal may be closed by then.
  #journal(data: Record<string, unknown>): void {
    if (!this.#listener) return;
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
