import {
  type Cancel,
  type Cell,
  digest,
  type JournalEvent,
  type RecordRef,
  Rejected,
  Severed,
  type Telling,
  tell,
  waitingClock,
} from '#kernel';
import { makeId, toId18 } from './ids.ts';
import type { Org } from './org.ts';
import type { OutboundMessage } from './rules.ts';
import { escaped, parseXml, textAt } from './soap-xml.ts';
import { compileCondition } from './soql/condition.ts';
import { refOf, type Stored } from './store.ts';

/** A notification that waits for its Ack. */
interface Waiting {
  /** 04l…: the same in every attempt. */
  id: string;
  /** Name of the outbound message. */
  message: string;
  record: string;
  /** Journal sequence number of the commit. */
  cause: number;
  attempts: number;
  due: number;
  deadline: number;
  /** Kept back on the way: until another one of the message was told, or for a while. */
  held?: 'next' | 'while';
}

/** In one delivery (Help, "Outbound Messages"). */
const TOGETHER = 100;
const ANSWER_MS = 10_000;
/** Only the end of the tries is published, 24 hours, and that intervals grow to two hours. */
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 2 * 3_600_000;
const KEPT_MS = 24 * 3_600_000;
/** Another organisation than any that is simulated. */
const FOREIGN_ORG = '00D00000000ZZZZEAU';

/**
 * Outbound messages: when a record of an object is saved, its fields are posted as SOAP to a listener, until that says Ack. At least
 * once, in no certain order; what changed since is told as it is then. Configured by the org's rules (`outbound`).
 */
export class Outbound {
  #org: Org;
  #waiting: Cell<Waiting>;
  #marks: Cell<number>;
  #base: () => string;
  #unfollow?: () => void;
  #cancel?: Cancel;
  #busy = new Set<string>();

  /** @param base the origin that clients know the org by. */
  constructor(org: Org, base: () => string) {
    this.#org = org;
    this.#base = base;
    this.#waiting = org.kernel.cell('crm.outbound');
    this.#marks = org.kernel.cell('crm.outboundMarks');
    const place = { sim: 'crm', tenant: org.id, name: 'outbound messages', kind: 'CRM outbound messages' };
    const types = () => [...new Set(this.#messages.map(({ object }) => object))];
    org.kernel.places.add({ ...place, hooks: ['notify'], operations: () => ['outbound'], types, forgeries: ['other-tenant'] });
  }

  start(): void {
    const { journal } = this.#org.kernel;
    this.#unfollow = journal.follow(this.#marks.get('read') ?? journal.head, (event) => this.#hear(event), 'commit');
    this.#wake(0);
  }

  stop(): void {
    this.#unfollow?.();
    this.#unfollow = undefined;
    this.#cancel?.();
  }

  get #messages(): readonly OutboundMessage[] {
    return this.#org.rules.all.outbound ?? [];
  }

  #hear(event: JournalEvent): void {
    if (event.sim !== 'crm' || event.tenant !== this.#org.id || this.#messages.length === 0) return;
    const { kernel } = this.#org;
    const now = waitingClock(kernel.clock).now();
    for (const [i, ref] of (event.records ?? []).entries()) {
      const row = event.after?.[i] as Stored['row'] | null;
      if (!row || row.IsDeleted === true) continue;
      for (const { name, object, when } of this.#messages) {
        const applies =
          object.toLowerCase() === ref.type.toLowerCase() &&
          (!when || compileCondition(when, { now: () => kernel.clock.now() })(row));
        // One save of a record in a transaction is told once, and what waits is told as it is by then.
        const rival = [...this.#waiting.values()].some(
          (one) => one.message === name && one.record === ref.id && one.attempts === 0 && !one.held,
        );
        if (!applies || rival) continue;
        const id = makeId('04l', digest(kernel.seed, kernel.runKey, name, event.seq, i));
        this.#waiting.set(id, {
          ...{ id, message: name, record: ref.id, cause: event.seq, attempts: 0 },
          ...{ due: now, deadline: now + KEPT_MS },
        });
      }
    }
    this.#marks.set('read', event.seq);
    this.#wake(0);
  }

  #wake(ms: number): void {
    if (!this.#unfollow) return;
    this.#cancel?.();
    this.#cancel = this.#org.kernel.clock.after(ms, () => this.#deliver());
  }

  #deliver(): void {
    const now = waitingClock(this.#org.kernel.clock).now();
    for (const message of this.#messages) {
      const due = [...this.#waiting.values()].filter((one) => one.message === message.name && one.due <= now);
      // What was kept back goes apart from what rules have not met.
      const ready = due.filter(({ held }) => Boolean(held) === Boolean(due[0]!.held));
      if (ready.length === 0 || this.#busy.has(message.name)) continue;
      this.#busy.add(message.name);
      this.#send(message, ready.slice(0, TOGETHER))
        .catch((error) => this.#org.kernel.report(error, { sim: 'crm', tenant: this.#org.id }))
        .finally(() => {
          this.#busy.delete(message.name);
          this.#wake(0);
        });
    }
    const known = new Set(this.#messages.map(({ name }) => name));
    for (const { id, message } of [...this.#waiting.values()]) if (!known.has(message)) this.#waiting.delete(id);
    const next = Math.min(...[...this.#waiting.values()].filter(({ message }) => !this.#busy.has(message)).map(({ due }) => due));
    if (Number.isFinite(next) && next > now) this.#wake(next - now);
  }

  async #send(message: OutboundMessage, waiting: Waiting[]): Promise<void> {
    const { kernel, id: tenant, store } = this.#org;
    const alive = waiting.flatMap((one) => {
      const stored = store.find(one.record);
      return stored && !stored.deleted ? [{ one, stored }] : [];
    });
    for (const one of waiting) if (!alive.some((each) => each.one === one)) this.#waiting.delete(one.id);
    if (alive.length === 0) return;
    const body = this.#envelope(message, alive);
    const records: RecordRef[] = alive.map(({ stored }) => refOf(tenant, stored));
    const data = { message: message.name, endpoint: message.url, attempt: alive[0]!.one.attempts + 1 };
    const about = { sim: 'crm', tenant, kind: 'notice' as const, records, cause: alive[0]!.one.cause };
    const offered = kernel.journal.append({ ...about, data: { ...data, state: 'offered', text: body } });
    const end = (state: string, more: Record<string, unknown>, served?: RecordRef[]) =>
      kernel.journal.append({ ...about, cause: offered.seq, served, data: { ...data, state, ...more } });
    const notices = alive.map(({ one }) => one);
    const telling = await this.#attempt(message, body, records, offered.seq, notices, (outcome) => {
      if (this.#unfollow) end('again', { ...outcome });
    });
    if (telling.state === 'held') {
      end('held', { ms: telling.ms });
      this.#keepBack(notices, telling.forNext ? 'next' : 'while', telling.ms);
      void telling.healed?.then(() => {
        this.#release(({ id }) => notices.some((one) => one.id === id));
        this.#wake(0);
      });
      return;
    }
    // Nobody knows that it was lost, its sender least of all.
    if (telling.state === 'lost') end('lost', {});
    const taken = telling.state === 'lost' || telling.answer.ack === true;
    if (telling.state === 'told') {
      const { reached, ...outcome } = telling.answer;
      const { genuine, abreast } = telling;
      const shown = reached && genuine ? records : undefined;
      end(taken ? 'taken' : 'refused', { ...outcome, ...(genuine ? {} : { changed: true }), abreast }, shown);
    }
    for (const one of notices) this.#settle(one, taken);
    // What was kept back for the one that was told may go now.
    if (taken) this.#release((one) => one.message === message.name && one.held === 'next');
  }

  #keepBack(notices: readonly Waiting[], held: Waiting['held'], ms: number): void {
    const due = waitingClock(this.#org.kernel.clock).now() + ms;
    for (const one of notices) this.#waiting.set(one.id, { ...one, held, due });
  }

  #release(which: (one: Waiting) => boolean): void {
    this.#keepBack([...this.#waiting.values()].filter(which), 'while', 0);
  }

  // What a rule has kept back once goes out as it is. These messages are not signed: who sent them, only the organisation says.
  async #attempt(
    { name, url, object }: OutboundMessage,
    body: string,
    records: RecordRef[],
    id: number,
    notices: readonly Waiting[],
    again: (outcome: Outcome) => void,
  ): Promise<Telling<Outcome>> {
    const { kernel, id: tenant } = this.#org;
    if (notices.some(({ held }) => held)) return { state: 'told', genuine: true, answer: await post(url, body) };
    const notification = {
      ...{ id, sim: 'crm', tenant, operation: 'outbound', type: object, path: url, client: `outbound:${name}` },
      ...{ bytes: Buffer.from(body), records },
      foreign: () => Buffer.from(body.replace(/<OrganizationId>[^<]*/, `<OrganizationId>${FOREIGN_ORG}`)),
    };
    try {
      return await tell(kernel, notification, (bytes) => post(url, bytes.toString()), again);
    } catch (error) {
      if (!(error instanceof Severed || error instanceof Rejected)) throw error;
      return { state: 'told', genuine: true, answer: { reached: false, error: error.message } };
    }
  }

  #settle(one: Waiting, taken: boolean): void {
    const now = waitingClock(this.#org.kernel.clock).now();
    const attempts = one.attempts + 1;
    const due = now + Math.min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT);
    if (taken || due > one.deadline) this.#waiting.delete(one.id);
    else this.#waiting.set(one.id, { ...one, attempts, due });
  }

  #envelope({ object, name, fields }: OutboundMessage, alive: { one: Waiting; stored: Stored }[]): string {
    const { id, schema } = this.#org;
    const type = schema.type(object)!;
    const value = ({ row }: Stored, field: string): string => {
      const known = type.field(field)!;
      const held = row[known.name] ?? null;
      // Fields that are empty are left out.
      return held === null ? '' : `<sf:${known.name}>${escaped(String(held))}</sf:${known.name}>`;
    };
    const own = fields.filter((field) => field !== 'Id');
    const notifications = alive.map(
      ({ one, stored }) =>
        `<Notification><Id>${one.id}</Id><sObject xsi:type="sf:${type.name}" xmlns:sf="urn:sobject.enterprise.soap.sforce.com"><sf:Id>${stored.id}</sf:Id>${own.map((field) => value(stored, field)).join('')}</sObject></Notification>`,
    );
    const action = makeId('04k', digest(id, name));
    const at = (kind: 'c' | 'u') => escaped(`${this.#base()}/services/Soap/${kind}/60.0/${id}`);
    return `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body><notifications xmlns="http://soap.sforce.com/2005/09/outbound"><OrganizationId>${toId18(id)}</OrganizationId><ActionId>${action}</ActionId><SessionId xsi:nil="true"/><EnterpriseUrl>${at('c')}</EnterpriseUrl><PartnerUrl>${at('u')}</PartnerUrl>${notifications.join('')}</notifications></soapenv:Body></soapenv:Envelope>`;
  }
}

interface Outcome {
  /** Whether an answer came at all: whoever answered has seen the records. */
  reached: boolean;
  status?: number;
  ack?: boolean;
  error?: string;
}

async function post(url: string, body: string): Promise<Outcome> {
  try {
    const reply = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'text/xml; charset=utf-8', soapaction: '""' },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    return { reached: true, status: reply.status, ack: reply.ok && isAck(await reply.text()) };
  } catch (error) {
    const cause = (error as Error & { cause?: Error }).cause;
    return { reached: false, error: (cause ?? (error as Error)).message };
  }
}

function isAck(text: string): boolean {
  try {
    return textAt(parseXml(text), 'Body', 'notificationsResponse', 'Ack') === 'true';
  } catch {
    return false;
  }
}
