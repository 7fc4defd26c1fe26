import { dial, endBy, type Kernel, type Outgoing, Severed, socketWire, type Wire } from '#kernel';
import type { LinkLog } from './link-log.ts';
import { Peer } from './peer.ts';
import type { LinkSettings } from './settings.ts';

const CONNECT_TIMEOUT = 5000;

/** One connection of a link out: opened when it is needed, given up when it is of no more use. */
export class Line {
  #kernel: Kernel;
  #log: LinkLog;
  #settings: () => LinkSettings;
  #ended: AbortSignal;
  #peer: Peer | undefined;
  #opening: Promise<Peer> | undefined;
  /** Connections that were left open: of no use to us, and the receiver does not know. */
  #left = new Set<Peer>();

  constructor(kernel: Kernel, log: LinkLog, settings: () => LinkSettings, ended: AbortSignal) {
    this.#kernel = kernel;
    this.#log = log;
    this.#settings = settings;
    this.#ended = ended;
  }

  get connected(): boolean {
    return this.#peer?.open ?? false;
  }

  /** What faults may do to the connection that there is. */
  get wire(): Wire {
    if (this.#peer) return socketWire(this.#peer.socket);
    const sever = (how: Severed['how']): never => {
      throw new Severed(how);
    };
    return { reset: () => sever('reset'), close: () => sever('close'), hang: async () => sever('hang') };
  }

  /** The open connection, or a new one. Several who ask at once get the same. @throws when there is none to be had. */
  open(knock: () => Promise<void>): Promise<Peer> {
    if (this.#peer?.open) return Promise.resolve(this.#peer);
    this.#opening ??= this.#connect(knock).finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  /** The next message goes over a new connection; the one that there is stays open. */
  leave(): void {
    if (this.#peer) this.#left.add(this.#peer);
    this.#peer = undefined;
  }

  disconnect(): void {
    this.#peer?.socket.destroy();
    this.#peer = undefined;
  }

  end(): void {
    this.disconnect();
    for (const { socket } of this.#left) socket.destroy();
  }

  /** Closes the connection unless something is under way on it. */
  rest(): void {
    if (!this.#peer?.busy) this.disconnect();
  }

  /** Opens connections of no message, writes to each, and gives the way to close them. */
  async beside({ connections, bytes, close }: NonNullable<Outgoing['beside']>): Promise<() => void> {
    const sockets = await Promise.all(Array.from({ length: connections }, () => this.#dial()));
    for (const socket of sockets) {
      if (bytes.length > 0) await new Promise((resolve) => socket.write(bytes, resolve));
      if (close) socket.destroy();
    }
    return () => {
      for (const socket of sockets) socket.destroy();
    };
  }

  async #connect(knock: () => Promise<void>): Promise<Peer> {
    this.disconnect();
    await knock();
    const { target = '', keepAliveMs } = this.#settings();
    const socket = await this.#dial();
    if (this.#ended.aborted) socket.destroy();
    if (keepAliveMs) socket.setKeepAlive(true, keepAliveMs);
    this.#log.connection('open', target);
    const peer = new Peer(socket, this.#kernel.clock, () => {
      this.#left.delete(peer);
      if (!this.#ended.aborted) this.#log.connection('closed', target);
    });
    this.#peer = peer;
    return peer;
  }

  #dial(): ReturnType<typeof dial> {
    const { target = '', tls, ca, cert, key } = this.#settings();
    const at = target.lastIndexOf(':');
    const identity = cert && key ? { cert, key } : undefined;
    const options = { host: target.slice(0, at), port: Number(target.slice(at + 1)), tls, ca, identity };
    return dial(this.#kernel, { ...options, timeoutMs: CONNECT_TIMEOUT });
  }
}

/** Writes framed bytes as the faults want them cut, and ends the connection where one wants that. Never rejects. */
export async function writeOut(kernel: Kernel, { socket }: Peer, bytes: Buffer, plan: Outgoing): Promise<void> {
  const { sever, cuts = [], pauseMs = 0, healed } = plan;
  const end = sever ? Math.floor(bytes.length * sever.after) : bytes.length;
  const at = cuts.map((cut) => (cut < 0 ? bytes.length + cut : cut)).filter((cut) => cut > 0 && cut < end);
  const edges = [0, ...new Set(at.sort((a, b) => a - b)), end];
  // A few pieces are kept apart by time, so that they leave as packets of their own; many by a turn of the event loop each.
  const gap = pauseMs > 0 ? pauseMs : edges.length <= 16 ? 2 : 0;
  const write = (piece: Buffer): Promise<unknown> =>
    new Promise((resolve) => {
      socket.once('close', resolve);
      socket.write(piece, () => {
        socket.off('close', resolve);
        resolve(undefined);
      });
    });
  if (!sever && edges.length === 2) return void socket.write(bytes);
  const over = endBy(healed);
  for (let n = 1; n < edges.length && !socket.destroyed; n++) {
    await write(bytes.subarray(edges[n - 1], over.aborted ? end : edges[n]));
    if (n === edges.length - 1 || over.aborted) break;
    await (gap > 0 ? kernel.clock.sleep(gap, over) : new Promise((resolve) => setImmediate(resolve)));
  }
  if (sever?.how === 'reset') socket.resetAndDestroy();
  else if (sever) socket.destroySoon();
}
