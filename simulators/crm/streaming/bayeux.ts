import { introduce, LONGEST_HOLD_MS, type RecordRef, Rejected, Severed, unlessHealed } from '#kernel';
import { breath } from '../bulk/parts.ts';
import { CrmError } from '../errors.ts';
import { base62 } from '../ids.ts';
import type { Org } from '../org.ts';
import type { Session } from '../sessions.ts';
import { type Message, seenBy } from './change-events.ts';
import type { Feed } from './feed.ts';

/** Bayeux 1.0 over long polling as Salesforce speaks it: Streaming API Developer Guide, "Streaming API Error Codes", "Timeouts". */

/** A message from a client. */
export interface Asked {
  channel?: string;
  id?: string;
  clientId?: string;
  connectionType?: string;
  subscription?: string | string[];
  advice?: { timeout?: number };
  ext?: { replay?: Record<string, number> };
}

export type Told = Record<string, unknown>;

const HOLD_MS = 110_000;
const PATIENCE_MS = 40_000;
const GATHER_MS = 10;
const MOST_WAITING = 20_000;
const PAGE = 1000;

interface Subscription {
  channel: string;
  /** Kept events are still being read; live ones wait for that. */
  catching: boolean;
}

interface Delivery {
  channel: string;
  message: Message;
}

interface Client {
  id: string;
  /** Key of the session; the token itself is not kept. */
  session: string;
  userId: string;
  /** As the journal names who asks. */
  actor: string;
  subscriptions: Map<string, Subscription>;
  waiting: Delivery[];
  /** Kept back until the next one goes out. */
  heldForNext: Delivery[];
  connected: boolean;
  flushing: boolean;
  /** Ends the long poll that is held, if one is. */
  poll?: { release: () => void; gone: () => boolean };
  forget: () => void;
}

/** One request of a client: who asks, and whether its connection still stands. */
export interface Asker {
  authorization?: string;
  exchange: number;
  gone: () => boolean;
  setActor: (actor: string) => void;
}

/** The clients of one org's event bus. They are forgotten when the process ends, as when a server is replaced. */
export class Bayeux {
  #org: Org;
  #feed: Feed;
  #clients = new Map<string, Client>();
  #stop?: () => void;
  /** Events on their way through rules, in order; absent while there are none. */
  #ruled?: Promise<void>;

  constructor(org: Org, feed: Feed) {
    this.#org = org;
    this.#feed = feed;
    const place = { sim: 'crm', tenant: org.id, name: 'events over CometD', kind: 'CRM events' };
    org.kernel.places.add({ ...place, hooks: ['notify'], operations: () => ['event'] });
  }

  /** The oldest version that is served. */
  get oldest(): number {
    return this.#org.overrides.oldest.current ?? 0;
  }

  get size(): number {
    return this.#clients.size;
  }

  /** Answers the messages of one request; a long poll is held until there is something to say. */
  async answer(asked: Asked[], asker: Asker): Promise<{ told: Told[]; served: RecordRef[] }> {
    const told: Told[] = [];
    const served: RecordRef[] = [];
    for (const message of asked) {
      const reply: Told = { channel: message.channel, id: message.id, ...(await this.#one(message, asker, asked.length === 1)) };
      told.push(reply);
      if (message.channel !== '/meta/connect' || reply.successful !== true) continue;
      for (const { channel, message: event } of this.#take(message.clientId!)) {
        told.push({ data: event.data, channel });
        served.push(...event.served);
      }
    }
    return { told, served };
  }

  /** Drops every client: they must shake hands again. */
  drop(): void {
    for (const client of [...this.#clients.values()]) this.#forget(client);
  }

  async #one(asked: Asked, asker: Asker, alone: boolean): Promise<Told> {
    switch (asked.channel) {
      case '/meta/handshake':
        return this.#handshake(asker);
      case '/meta/connect':
        return this.#connect(asked, asker, alone);
      case '/meta/subscribe':
        return this.#subscribe(asked, asker);
      case '/meta/unsubscribe':
        return this.#unsubscribe(asked);
      case '/meta/disconnect':
        return this.#disconnect(asked);
      default:
        return {
          successful: false,
          error: asked.channel ? '403::Cannot publish to this channel' : '400::Channel name not specified',
        };
    }
  }

  #session(asker: Asker): Session | string {
    if (!asker.authorization) return '401::Request requires authentication';
    try {
      const session = this.#org.sessions.check(asker.authorization, asker.exchange);
      asker.setActor(session.actor);
      return session;
    } catch (error) {
      if (!(error instanceof CrmError)) throw error;
      return '401::Authentication invalid';
    }
  }

  #handshake(asker: Asker): Told {
    const session = this.#session(asker);
    if (typeof session === 'string') {
      const refused = {
        error: '403::Handshake denied',
        ext: { sfdc: { failureReason: session }, replay: true, 'payload.format': true },
      };
      return { successful: false, ...refused, advice: { reconnect: 'none' } };
    }
    const id = base62(this.#org.kernel.mint('crm/bayeux'), 26);
    const client: Client = {
      id,
      session: this.#org.sessions.keyOf(asker.authorization!.split(/\s+/)[1]!),
      userId: session.userId,
      actor: session.actor,
      subscriptions: new Map(),
      waiting: [],
      heldForNext: [],
      connected: false,
      flushing: false,
      forget: () => {},
    };
    this.#clients.set(id, client);
    this.#expect(client);
    this.#stop ??= this.#feed.listen((messages) => this.#publish(messages));
    return {
      version: '1.0',
      minimumVersion: '1.0',
      clientId: id,
      supportedConnectionTypes: ['long-polling'],
      ext: { replay: true, 'payload.format': true },
      successful: true,
    };
  }

  async #connect(asked: Asked, asker: Asker, alone: boolean): Promise<Told> {
    const client = this.#clients.get(asked.clientId ?? '');
    if (!client) return unknown;
    const session = this.#session(asker);
    if (typeof session === 'string') {
      this.#forget(client);
      return { successful: false, error: '401::Authentication invalid', advice: { reconnect: 'none' } };
    }
    if (asked.connectionType !== 'long-polling')
      return { successful: false, error: `400::Invalid connection type ${asked.connectionType}` };
    client.poll?.release();
    // A first connect is answered at once, and so is one that came with others: they must not wait for it.
    // So is one for whom events wait, unless they are being gathered: else each poll would find the few of its own way.
    const waits = client.waiting.length >= (client.flushing ? PAGE : 1);
    const hold = client.connected && alone && asked.advice?.timeout !== 0 && !waits;
    const advice = client.connected ? undefined : { reconnect: 'retry', interval: 0, timeout: HOLD_MS };
    client.connected = true;
    if (hold) await this.#held(client, asker);
    if (!this.#clients.has(client.id)) return unknown;
    if (!this.#org.sessions.touch(client.session)) {
      this.#forget(client);
      return { successful: false, error: '401::Authentication invalid', advice: { reconnect: 'none' } };
    }
    this.#expect(client);
    return { clientId: client.id, successful: true, ...(advice ? { advice } : {}) };
  }

  // Nobody is forgotten while connected.
  async #held(client: Client, asker: Asker): Promise<void> {
    client.forget();
    await new Promise<void>((resolve) => {
      const cancel = this.#org.kernel.clock.after(HOLD_MS, () => release());
      const release = () => {
        cancel();
        client.poll = undefined;
        resolve();
      };
      client.poll = { release, gone: asker.gone };
    });
  }

  #expect(client: Client): void {
    client.forget();
    client.forget = this.#org.kernel.clock.after(PATIENCE_MS, () => this.#forget(client));
  }

  #forget(client: Client): void {
    client.forget();
    this.#clients.delete(client.id);
    client.poll?.release();
    if (this.#clients.size > 0) return;
    this.#stop?.();
    this.#stop = undefined;
  }

  #subscribe(asked: Asked, asker: Asker): Told {
    const client = this.#clients.get(asked.clientId ?? '');
    if (!client) return unknown;
    if (typeof this.#session(asker) === 'string') return { successful: false, error: '401::Authentication invalid' };
    const wanted = [asked.subscription ?? []].flat();
    const shown = { clientId: client.id, subscription: asked.subscription };
    if (wanted.length === 0) return { ...shown, successful: false, error: '400::Channel name not specified' };
    for (const name of wanted) {
      const error = this.#subscribeOne(client, name, asked.ext?.replay);
      if (error) return { ...shown, successful: false, error };
    }
    return { ...shown, successful: true };
  }

  /** The error, if there is one. */
  #subscribeOne(client: Client, name: string, replay: Record<string, number> = {}): string | undefined {
    if (!name.startsWith('/')) return "400::Channel subscriptions must start with a leading '/'";
    const channel = name.split('?')[0]!;
    if (!this.#feed.exists(channel, client.userId))
      return `400::The channel you requested to subscribe to does not exist {${channel}}`;
    const from = Number(replay[name] ?? replay[channel] ?? -1);
    if (!this.#feed.replayable(channel, from))
      return `400::The replayId {${from}} you provided was invalid.  Please provide a valid ID, -2 to replay all events, or -1 to replay only new events.`;
    const subscription: Subscription = { channel, catching: from !== -1 };
    client.subscriptions.set(name, subscription);
    if (subscription.catching) void this.#catchUp(client, name, subscription, from);
    return undefined;
  }

  // Kept events first, a piece at a time and no faster than the client takes them; then it is live, in the same turn.
  async #catchUp(client: Client, name: string, subscription: Subscription, from: number): Promise<void> {
    for (let after = from; this.#clients.get(client.id) === client && client.subscriptions.get(name) === subscription; ) {
      if (client.waiting.length >= PAGE) {
        await this.#org.kernel.clock.sleep(20);
        continue;
      }
      const { messages, next, done } = this.#feed.past(subscription.channel, after);
      for (const message of messages) this.#enqueue(client, subscription.channel, message);
      if (messages.length > 0) this.#flush(client);
      if (done) {
        subscription.catching = false;
        return;
      }
      after = next;
      await breath();
    }
  }

  #unsubscribe(asked: Asked): Told {
    const client = this.#clients.get(asked.clientId ?? '');
    if (!client) return unknown;
    for (const name of [asked.subscription ?? []].flat()) client.subscriptions.delete(name);
    return { clientId: client.id, subscription: asked.subscription, successful: true };
  }

  #disconnect(asked: Asked): Told {
    const client = this.#clients.get(asked.clientId ?? '');
    if (!client) return unknown;
    this.#forget(client);
    return { clientId: client.id, successful: true };
  }

  #publish(messages: Message[]): void {
    for (const client of [...this.#clients.values()]) {
      const due: Delivery[] = [];
      for (const message of messages)
        for (const { channel, catching } of client.subscriptions.values())
          if (!catching && message.channels.includes(channel)) due.push({ channel, message });
      if (due.length === 0) continue;
      if (!this.#org.kernel.rules.any && !this.#ruled) this.#send(client, due);
      else this.#rule(client, due);
    }
  }

  #send(client: Client, due: readonly Delivery[]): void {
    const before = client.waiting.length;
    for (const { channel, message } of due) this.#enqueue(client, channel, message);
    if (client.waiting.length > MOST_WAITING) this.#forget(client);
    else if (client.waiting.length > before) this.#flush(client);
  }

  // One after the other, so that what no rule keeps back stays in order.
  #rule(client: Client, due: readonly Delivery[]): void {
    const { kernel, id: tenant } = this.#org;
    const turn = (this.#ruled ?? Promise.resolve())
      .then(async () => {
        for (const one of due) await this.#introduce(client, one);
      })
      .catch((error: unknown) => kernel.report(error, { sim: 'crm', tenant }))
      .finally(() => {
        if (this.#ruled === turn) this.#ruled = undefined;
      });
    this.#ruled = turn;
  }

  async #introduce(client: Client, delivery: Delivery): Promise<void> {
    const { kernel, id: tenant } = this.#org;
    const { channel, message } = delivery;
    const bytes = Buffer.from(JSON.stringify(message.data));
    const about = { sim: 'crm', tenant, operation: 'event', type: message.type, path: channel, client: client.actor };
    try {
      const outgoing = await introduce(kernel, { ...about, id: kernel.journal.head, bytes, records: message.served });
      const { copies, abreast = 1, holdMs, holdForNext, later = [], healed } = outgoing;
      const as = (some: Buffer): Delivery =>
        some.equals(bytes) ? delivery : { channel, message: { ...message, data: JSON.parse(some.toString()), served: [] } };
      const told = as(outgoing.bytes);
      if (holdForNext) return this.#keepBack(client, told, healed);
      const all = Array.from({ length: copies * abreast }, () => told);
      if (holdMs) return this.#sendLater(client, all, holdMs, healed);
      if (all.length > 0) this.#send(client, [...all, ...client.heldForNext.splice(0)]);
      for (const one of later) unlessHealed(kernel, one.ms, healed, () => this.#send(client, [as(one.bytes)]));
    } catch (error) {
      // Nobody hears of an event that a rule has ended.
      if (!(error instanceof Severed || error instanceof Rejected)) throw error;
    }
  }

  #sendLater(client: Client, due: readonly Delivery[], ms: number, healed?: Promise<void>): void {
    const left = [...due];
    this.#afterOrHealed(ms, healed, () => this.#send(client, left.splice(0)));
  }

  #keepBack(client: Client, delivery: Delivery, healed?: Promise<void>): void {
    client.heldForNext.push(delivery);
    this.#afterOrHealed(LONGEST_HOLD_MS, healed, () => {
      const at = client.heldForNext.indexOf(delivery);
      if (at >= 0) this.#send(client, client.heldForNext.splice(at, 1));
    });
  }

  // Then, or as soon as the rule is healed that keeps it back; maybe both.
  #afterOrHealed(ms: number, healed: Promise<void> | undefined, send: () => void): void {
    const cancel = this.#org.kernel.clock.after(ms, send);
    void healed?.then(cancel).then(send);
  }

  #enqueue(client: Client, channel: string, message: Message): void {
    const { schema, store } = this.#org;
    const seen = seenBy(message, schema, this.#org.viewOf(client.userId));
    // Change events go to whoever may see the object; topics to whom the record is shared with.
    const shared = ({ id }: RecordRef) => {
      const stored = store.find(id);
      return stored !== undefined && this.#org.sees(client.userId, stored);
    };
    if (seen && (!('sobject' in seen.data) || seen.served.every(shared))) client.waiting.push({ channel, message: seen });
  }

  // Events of some milliseconds go out together: under load a poll for each would cost more than the writes.
  #flush(client: Client): void {
    if (client.flushing) return;
    client.flushing = true;
    this.#org.kernel.clock.after(GATHER_MS, () => {
      client.flushing = false;
      // What would go to a connection that is gone waits for the next one.
      if (client.poll && !client.poll.gone()) client.poll.release();
    });
  }

  #take(clientId: string): Client['waiting'] {
    const client = this.#clients.get(clientId);
    return client ? client.waiting.splice(0, PAGE) : [];
  }
}

const unknown: Told = { successful: false, error: '403::Unknown client', advice: { reconnect: 'handshake', interval: 0 } };
