import {
  type Cancel,
  type Cell,
  digest,
  type Exchange,
  type JournalEvent,
  type Outgoing,
  Rejected,
  Severed,
  shownAt,
  waitingClock,
} from '#kernel';
import type { Site } from '../engine/context.ts';
import type { Stored } from '../engine/resource.ts';
import { peopleOf } from '../people-of.ts';
import { type Notice, noticeBundle, type Subscription, signature } from './notice.ts';
import { TOPICS, topicOf, typeOf } from './topics.ts';

/** Answers later than this count as none: a hard limit of the vendor's. */
const ANSWER_MS = 2000;
const HOUR = 3_600_000;
/** Waits between attempts; only their sum, an hour, is published. */
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 300_000;
const TOGETHER = 20;

/** What of a site's notifications outlives the process. */
export interface Desk {
  subscriptions: Cell<Subscription>;
  /** Events that are not told yet, by id. */
  waiting: Cell<Notice>;
  /** Events that were given up. */
  dead: Cell<Notice>;
  /** `read`: the last journal event that was looked at. */
  marks: Cell<number>;
}

export const openDesk = ({ kernel, name }: Site): Desk => ({
  subscriptions: kernel.cell(`ehr.${name}.subscriptions`),
  waiting: kernel.cell(`ehr.${name}.notices`),
  dead: kernel.cell(`ehr.${name}.deadNotices`),
  marks: kernel.cell(`ehr.${name}.noticeMarks`),
});

/** Tells subscribers of what happens at a site: at least once, in no certain order, until they answer 2xx. */
export class Courier {
  #site: Site;
  #desk: Desk;
  #base: () => string;
  #unfollow?: () => void;
  #cancel?: Cancel;
  #busy = new Set<string>();
  #stopped = true;

  /** @param base the FHIR base that subscribers know. */
  constructor(site: Site, desk: Desk, base: () => string) {
    this.#site = site;
    this.#desk = desk;
    this.#base = base;
    const { name: tenant, kernel } = site;
    kernel.places.add({
      ...{ sim: 'ehr', tenant, kind: 'notifications', name: `notifications of ${tenant}`, hooks: ['notify'] as const },
      operations: () => TOPICS,
      knows: (operation, type) =>
        TOPICS.some((topic) => (operation ?? topic) === topic && (type === undefined || typeOf(topic) === type)),
      types: () => [...new Set(TOPICS.map(typeOf))],
      people: (exchange) => peopleOf(site, exchange),
    });
  }

  start(): void {
    this.#stopped = false;
    const { journal } = this.#site.kernel;
    const { marks, subscriptions } = this.#desk;
    const from = marks.get('read') ?? Math.min(journal.head, ...[...subscriptions.values()].map(({ since }) => since));
    this.#unfollow = journal.follow(from, (event) => this.#hear(event));
    this.#wake(0);
  }

  stop(): void {
    this.#stopped = true;
    this.#unfollow?.();
    this.#cancel?.();
  }

  #hear(event: JournalEvent): void {
    const { kernel, name } = this.#site;
    const { subscriptions, waiting, marks } = this.#desk;
    if (event.kind !== 'commit' || event.sim !== 'ehr' || event.tenant !== name || subscriptions.size === 0) return;
    const now = waitingClock(kernel.clock).now();
    for (const [i, record] of (event.records ?? []).entries()) {
      const images = [event.before?.[i] ?? null, event.after?.[i] ?? null] as [Stored | null, Stored | null];
      const topic = topicOf(record.type, event.act ?? '', ...images);
      const told = [...subscriptions.values()].filter((one) => one.topic === topic && event.seq > one.since);
      for (const { id: subscription } of told) {
        // A function of the event: heard again after a kill, it is the same notice.
        const hex = digest(kernel.seed, kernel.runKey, name, subscription, event.seq, i);
        const id = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
        const notice = {
          id,
          subscription,
          record,
          at: new Date(shownAt(kernel.clock, event.wall)).toISOString(),
          actor: event.actor,
          cause: event.seq,
        };
        waiting.set(id, { ...notice, attempts: 0, due: now, deadline: now + HOUR });
      }
    }
    marks.set('read', event.seq);
    this.#wake(0);
  }

  #wake(ms: number): void {
    if (this.#stopped) return;
    this.#cancel?.();
    this.#cancel = this.#site.kernel.clock.after(ms, () => {
      this.#cancel = undefined;
      this.#deliver();
    });
  }

  #deliver(): void {
    const clock = waitingClock(this.#site.kernel.clock);
    const { subscriptions, waiting } = this.#desk;
    const idle = [...waiting.values()].filter(({ subscription }) => !this.#busy.has(subscription));
    for (const id of new Set(idle.map(({ subscription }) => subscription))) {
      const subscription = subscriptions.get(id);
      const own = idle.filter((one) => one.subscription === id);
      if (!subscription) for (const notice of own) waiting.delete(notice.id);
      const ready = own.filter(({ due }) => due <= clock.now()).slice(0, TOGETHER);
      if (!subscription || ready.length === 0) continue;
      this.#busy.add(id);
      this.#send(subscription, ready)
        .catch((error) => this.#site.kernel.report(error, { sim: 'ehr', tenant: this.#site.name }))
        .finally(() => {
          this.#busy.delete(id);
          if (!this.#stopped) this.#deliver();
        });
    }
    const next = Math.min(
      ...[...waiting.values()].filter(({ subscription }) => !this.#busy.has(subscription)).map(({ due }) => due),
    );
    if (Number.isFinite(next)) this.#wake(Math.max(0, next - clock.now()));
  }

  async #send(subscription: Subscription, notices: Notice[]): Promise<void> {
    const { kernel, name, tenant } = this.#site;
    const now = new Date(kernel.clock.now()).toISOString();
    const bundle = noticeBundle(subscription, notices, { base: this.#base(), practice: tenant, now });
    const bytes = Buffer.from(JSON.stringify(bundle));
    const records = notices.map(({ record }) => record);
    const attempt = notices[0]!.attempts + 1;
    const data = { subscription: subscription.id, topic: subscription.topic, endpoint: subscription.endpoint, attempt };
    const about = { sim: 'ehr', tenant: name, actor: `client:${subscription.client}` };
    const offered = kernel.journal.append({
      ...about,
      kind: 'notice',
      records,
      cause: notices[0]!.cause,
      data: { ...data, state: 'offered', notices: notices.map(({ id }) => id), text: bytes.toString() },
    });
    const started = kernel.clock.micros();
    const outcome = await this.#attempt(subscription, bytes, records, offered.seq);
    if (this.#stopped) return;
    const taken = outcome.status !== undefined && outcome.status >= 200 && outcome.status < 300;
    kernel.journal.append({
      ...about,
      kind: 'notice',
      cause: offered.seq,
      served: outcome.reached ? records : undefined,
      data: { ...data, state: taken ? 'taken' : 'refused', ...outcome, micros: kernel.clock.micros() - started },
    });
    for (const notice of notices) this.#settle(notice, taken);
  }

  #settle(notice: Notice, taken: boolean): void {
    const { waiting, dead } = this.#desk;
    if (taken || !waiting.has(notice.id)) {
      waiting.delete(notice.id);
      return;
    }
    const now = waitingClock(this.#site.kernel.clock).now();
    const attempts = notice.attempts + 1;
    const due = now + Math.min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT);
    if (due <= notice.deadline) {
      waiting.set(notice.id, { ...notice, attempts, due });
      return;
    }
    waiting.delete(notice.id);
    dead.set(notice.id, { ...notice, attempts });
  }

  // Until then, or until what keeps it back is undone.
  async #hold(ms: number, healed?: Promise<void>): Promise<void> {
    const over = new AbortController();
    void healed?.then(() => over.abort());
    await this.#site.kernel.clock.sleep(ms, over.signal);
  }

  // Rules act at the hook `notify`: they may drop the delivery, hold it, double it, or change its bytes.
  async #attempt(
    subscription: Subscription,
    bytes: Buffer,
    records: Notice['record'][],
    id: number,
  ): Promise<{ status?: number; reached?: boolean; error?: string; abreast?: number }> {
    const { kernel, name } = this.#site;
    const empty = Buffer.alloc(0);
    const outgoing: Outgoing = { bytes, frame: { start: empty, end: empty }, copies: 1, holdForNext: false };
    const end = (how: 'reset' | 'close' | 'hang'): never => {
      throw new Severed(how);
    };
    const exchange: Exchange = {
      id,
      sim: 'ehr',
      tenant: name,
      operation: subscription.topic,
      type: typeOf(subscription.topic),
      path: subscription.endpoint,
      client: `client:${subscription.client}`,
      text: bytes.toString(),
      records: [...records],
      committed: false,
      outgoing,
      wire: { reset: () => end('reset'), close: () => end('close'), hang: async () => end('hang') },
      reject: (error, params) => {
        throw new Rejected(error, params);
      },
    };
    try {
      await kernel.rules.fire('notify', exchange);
      if (outgoing.holdMs) await this.#hold(outgoing.holdMs, outgoing.healed);
      let last: { status?: number; reached?: boolean; error?: string } = { error: 'dropped' };
      const { abreast = 1, copies } = outgoing;
      for (let copy = 0; copy < copies; copy++) {
        const answers = await Promise.all(Array.from({ length: abreast }, () => post(subscription, outgoing.bytes)));
        last = answers[0]!;
      }
      return abreast > 1 ? { ...last, abreast } : last;
    } catch (error) {
      if (error instanceof Severed || error instanceof Rejected) return { error: error.message };
      throw error;
    }
  }
}

async function post(
  { endpoint, headers, secret }: Subscription,
  body: Buffer,
): Promise<{ status?: number; reached?: boolean; error?: string }> {
  const lines = headers.flatMap((line) => {
    const [, name, value] = /^([^:\s]+):\s*(.*)$/.exec(line) ?? [];
    return name === undefined ? [] : [[name, value!]];
  });
  try {
    const reply = await fetch(endpoint, {
      method: 'POST',
      headers: {
        ...Object.fromEntries(lines),
        'content-type': 'application/fhir+json',
        ...(secret === undefined ? {} : { 'x-hub-signature': signature(secret, body) }),
      },
      body: new Uint8Array(body),
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    await reply.arrayBuffer();
    return { status: reply.status, reached: true };
  } catch (error) {
    const cause = (error as Error & { cause?: Error }).cause;
    return { error: (cause ?? (error as Error)).message };
  }
}
