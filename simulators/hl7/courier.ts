import { dial, type Exchange, type Hook, type Kernel, type Outgoing, Rejected, Severed, socketWire } from '#kernel';
import type { AckDetail, Delivery, LinkLog } from './link-log.ts';
import { type AckOutcome, readAck } from './message/ack.ts';
import { decodeText, encodeText } from './message/charset.ts';
import { MLLP_END, MLLP_START } from './mllp.ts';
import type { Queued } from './outbox.ts';
import { Peer } from './peer.ts';
import type { SiteFacts } from './site.ts';

const CONNECT_TIMEOUT = 5000;
const ACK_TIMEOUT = 5000;

/** Where a link connects, and how it behaves; kept across restarts. */
export interface LinkSettings {
  /** `host:port` of the receiver; without one the queue only grows. */
  target?: string;
  tls?: boolean;
  /** PEM of the authority that the receiver's certificate must come from; unverified when absent. */
  ca?: string;
  /** How long an acknowledgement may take, in milliseconds; 5000 when absent. */
  ackTimeoutMs?: number;
  paused?: boolean;
}

/** The outcomes after which a message is sent again; after the others it is done with. */
export const AGAIN: Record<AckOutcome, boolean> = {
  positive: false,
  // A negative answer is final, as with Mirth's default: sent again and again, a message that the receiver cannot take
  // would hold up all that follow.
  error: false,
  reject: false,
  stale: true,
  garbled: true,
  silent: true,
  closed: true,
  refused: true,
};

/** Unwinds what is under way when the link is stopped. */
export class Stopped extends Error {}

type Settle = (outcome: AckOutcome, detail: AckDetail) => AckOutcome;

/** Carries one message at a time over the one connection of a link, and brings back what came of it. */
export class Courier {
  #kernel: Kernel;
  #facts: SiteFacts;
  #log: LinkLog;
  #settings: () => LinkSettings;
  #ended: AbortSignal;
  #peer: Peer | undefined;
  /** What it is doing. */
  state: 'connecting' | 'sending' = 'connecting';

  constructor(kernel: Kernel, facts: SiteFacts, log: LinkLog, settings: () => LinkSettings, ended: AbortSignal) {
    this.#kernel = kernel;
    this.#facts = facts;
    this.#log = log;
    this.#settings = settings;
    this.#ended = ended;
  }

  /** The message as the queue keeps it, for faults to work on. */
  pack(entry: Queued): Outgoing {
    const { base64, frame } = entry.given ?? {};
    const bytes = base64 === undefined ? encodeText(entry.text, this.#facts.charset).bytes : Buffer.from(base64, 'base64');
    const part = (given: string | undefined, usual: Buffer): Buffer =>
      given === undefined ? usual : Buffer.from(given, 'base64');
    const around = { start: part(frame?.start, MLLP_START), end: part(frame?.end, MLLP_END) };
    return { bytes, frame: around, copies: 1, holdForNext: false };
  }

  /** Lets the faults at hook `message` act. @returns false when one of them severed the connection. */
  async introduce(entry: Queued, outgoing: Outgoing): Promise<boolean> {
    try {
      await this.#fire('message', this.#exchange(entry, outgoing));
      return true;
    } catch (error) {
      this.#severed(error);
      return false;
    }
  }

  /**
   * One attempt, to its end. @param outgoing as faults left it. @param onDone runs in the transaction that records an
   * outcome after which the message is done with.
   */
  async attempt(entry: Queued, outgoing: Outgoing, delivery: Delivery, onDone: () => void): Promise<AckOutcome> {
    const { clock, database } = this.#kernel;
    const started = clock.micros();
    let cause = entry.seq;
    let connected = false;
    const settle: Settle = (outcome, detail) => {
      const micros = clock.micros() - started;
      database.transaction(() => {
        this.#log.ack(entry, delivery, cause, outcome, { ...detail, micros });
        if (!AGAIN[outcome]) onDone();
      });
      return outcome;
    };
    try {
      const peer = await this.#connect();
      connected = true;
      this.state = 'sending';
      const exchange = this.#exchange(entry, outgoing);
      await this.#fire('frame', exchange);
      if (!peer.open) return settle('closed', { reason: 'closed before the message was written' });
      for (const late of peer.unasked()) this.#log.unasked(late);
      const { bytes, frame } = outgoing;
      if (!bytes.equals(this.pack(entry).bytes)) delivery.damaged = true;
      cause = this.#log.message(entry, delivery, decodeText(bytes));
      peer.socket.write(Buffer.concat([frame.start, bytes, frame.end]));
      return await this.#answer(exchange, peer, entry.given?.answers ?? entry.control, settle);
    } catch (error) {
      return settle(connected ? 'closed' : 'refused', { reason: this.#severed(error) });
    }
  }

  disconnect(): void {
    this.#peer?.socket.destroy();
    this.#peer = undefined;
  }

  /** @throws Stopped once the link has ended. */
  check(): void {
    if (this.#ended.aborted) throw new Stopped();
  }

  // Waits for the answer to this message. An answer to another one, or bytes that answer nothing, are noted and waiting goes on.
  async #answer(exchange: Exchange, peer: Peer, control: string, settle: Settle): Promise<AckOutcome> {
    const { clock } = this.#kernel;
    const limit = this.#settings().ackTimeoutMs ?? ACK_TIMEOUT;
    const deadline = clock.now() + limit;
    let noted: AckOutcome | undefined;
    for (;;) {
      const heard = await peer.hear(deadline - clock.now());
      this.check();
      if (heard === 'closed') return settle('closed', { reason: 'the receiver closed the connection before it answered' });
      if (heard === 'timeout') {
        // The socket is given up, so that a late answer cannot be taken for that of the next message.
        this.disconnect();
        return noted ?? settle('silent', { reason: `no answer within ${limit} ms` });
      }
      if ('junk' in heard) {
        noted = settle('garbled', { reason: 'bytes outside any frame', text: decodeText(heard.junk) });
        continue;
      }
      exchange.incoming = heard.frame;
      await this.#fire('ack', exchange);
      if (!exchange.incoming) continue;
      const { outcome, ...detail } = readAck(exchange.incoming, control);
      settle(outcome, detail);
      if (!AGAIN[outcome]) return outcome;
      noted = outcome;
    }
  }

  async #connect(): Promise<Peer> {
    if (this.#peer?.open) return this.#peer;
    this.disconnect();
    this.state = 'connecting';
    await this.#fire('connect', this.#exchange());
    const { target = '', tls, ca } = this.#settings();
    const at = target.lastIndexOf(':');
    const [host, port] = [target.slice(0, at), Number(target.slice(at + 1))];
    const socket = await dial(this.#kernel, { host, port, tls, ca, timeoutMs: CONNECT_TIMEOUT });
    if (this.#ended.aborted) socket.destroy();
    this.check();
    this.#log.connection('open', target);
    this.#peer = new Peer(socket, this.#kernel.clock, () => {
      if (!this.#ended.aborted) this.#log.connection('closed', target);
    });
    return this.#peer;
  }

  // A new exchange for each attempt: a rule that may fire once hits one attempt, not all.
  #exchange(entry?: Queued, outgoing?: Outgoing): Exchange {
    const sever = (how: Severed['how']): never => {
      throw new Severed(how);
    };
    const unconnected = { reset: () => sever('reset'), close: () => sever('close'), hang: async () => sever('hang') };
    return {
      id: entry?.seq ?? this.#kernel.journal.head,
      sim: 'hl7',
      tenant: this.#facts.site,
      operation: entry?.message ?? 'connect',
      type: entry?.message.split('^')[0],
      path: '/out',
      text: entry?.text ?? '',
      records: [...(entry?.records ?? [])],
      committed: false,
      outgoing,
      wire: this.#peer ? socketWire(this.#peer.socket) : unconnected,
      reject: (error, params) => {
        throw new Rejected(error, params);
      },
    };
  }

  async #fire(hook: Hook, exchange: Exchange): Promise<void> {
    await this.#kernel.rules.fire(hook, exchange);
    this.check();
  }

  // Whatever ended an attempt also ends its connection. Gives the reason.
  #severed(error: unknown): string {
    this.check();
    this.disconnect();
    return error instanceof Error ? error.message : String(error);
  }
}
