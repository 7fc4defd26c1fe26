import {
  type Cancel,
  type Cell,
  digest,
  type JournalEvent,
  Rejected,
  Severed,
  type Signature,
  shownText,
  type Telling,
  tell,
  waitingClock,
} from '#kernel';
import type { Site } from '../engine/context.ts';
import type { Stored } from '../engine/resource.ts';
import { peopleOf } from '../people-of.ts';
import { foreignBundle, type Notice, noticeBundle, type Subscription, signature } from './notice.ts';
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
      forgeries: ['unsigned', 'wrong-signature', 'other-tenant'],
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
    this.#unfollow = journal.follow(from, (event) => this.#hear(event), 'commit');
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
    if (event.sim !== 'ehr' || event.tenant !== name || subscriptions.size === 0) return;
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
          at: shownText(kernel.clock, event.wall),
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
      const due = own.filter((one) => one.due <= clock.now());
      // What was kept back goes apart from what rules have not met.
      const ready = due.filter(({ held }) => Boolean(held) === Boolean(due[0]!.held)).slice(0, TOGETHER);
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
    const end = (state: string, more: Record<string, unknown>, served?: Notice['record'][]) =>
      kernel.journal.append({ ...about, kind: 'notice', records, cause: offered.seq, served, data: { ...data, state, ...more } });
    const again = (outcome: Outcome): void => {
      if (!this.#stopped) end('again', { ...outcome });
    };
    const telling = await this.#attempt(subscription, bytes, notices, offered.seq, again);
    if (this.#stopped) return;
    if (telling.state === 'held') {
      end('held', { ms: telling.ms });
      this.#keepBack(notices, telling.forNext ? 'next' : 'while', telling.ms);
      void telling.healed?.then(() => {
        if (this.#stopped) return;
        this.#release(({ id }) => notices.some((one) => one.id === id));
        this.#wake(0);
      });
      return;
    }
    // Nobody knows that it was lost, its sender least of all.
    if (telling.state === 'lost') end('lost', {});
    const { genuine = false, abreast } = telling.state === 'told' ? telling : {};
    const outcome = telling.state === 'told' ? telling.answer : undefined;
    const taken = !outcome || (outcome.status !== undefined && outcome.status >= 200 && outcome.status < 300);
    if (outcome) {
      const micros = kernel.clock.micros() - started;
      const shown = outcome.reached && genuine ? records : undefined;
      end(taken ? 'taken' : 'refused', { ...outcome, ...(genuine ? {} : { changed: true }), abreast, micros }, shown);
    }
    for (const notice of notices) this.#settle(notice, taken);
    // What was kept back for the one that was told may go now.
    if (taken) this.#release((one) => one.subscription === subscription.id && one.held === 'next');
  }

  #keepBack(notices: readonly Notice[], held: Notice['held'], ms: number): void {
    const due = waitingClock(this.#site.kernel.clock).now() + ms;
    for (const notice of notices) this.#desk.waiting.set(notice.id, { ...notice, held, due });
  }

  #release(which: (notice: Notice) => boolean): void {
    this.#keepBack([...this.#desk.waiting.values()].filter(which), 'while', 0);
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

  // What a rule has kept back once goes out as it is.
  async #attempt(
    subscription: Subscription,
    bytes: Buffer,
    notices: readonly Notice[],
    id: number,
    again: (outcome: Outcome) => void,
  ): Promise<Telling<Outcome>> {
    const { kernel, name, tenant } = this.#site;
    const { topic, endpoint, client, secret } = subscription;
    const sign = (some: Buffer): Signature => (secret === undefined ? {} : { 'x-hub-signature': signature(secret, some) });
    if (notices.some(({ held }) => held))
      return { state: 'told', genuine: true, answer: await post(subscription, bytes, sign(bytes)) };
    const notification = {
      ...{ id, sim: 'ehr', tenant: name, operation: topic, type: typeOf(topic), path: endpoint },
      ...{ client: `client:${client}`, bytes, records: notices.map(({ record }) => record) },
      ...(secret === undefined ? {} : { sign }),
      foreign: () => foreignBundle(bytes, tenant),
    };
    try {
      return await tell(kernel, notification, (some, signed) => post(subscription, some, signed), again);
    } catch (error) {
      if (!(error instanceof Severed || error instanceof Rejected)) throw error;
      return { state: 'told', genuine: true, answer: { error: error.message } };
    }
  }
}

interface Outcome {
  status?: number;
  reached?: boolean;
  error?: string;
}

async function post({ endpoint, headers }: Subscription, body: Buffer, signed: Signature): Promise<Outcome> {
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
        ...signed,
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
