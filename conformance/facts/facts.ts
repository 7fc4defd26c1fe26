import { findCanaries } from '#fixtures';
import { type JournalEvent, type RecordRef, recordKey } from '#simulators';
import type { ReadKind } from '../manifest/read-channels.ts';
import type { EventId } from '../result.ts';
import type { Offer } from './latency.ts';
import { sharing } from './sharing.ts';
import { TlsFacts } from './tls-facts.ts';

export type Row = Record<string, unknown> & { Id: string };
export type Resource = Record<string, unknown> & { resourceType: string; id: string };

/** One version of a record: its image from `at` on; null once deleted. */
export interface Version<T> {
  ref: RecordRef;
  at: number;
  wall: string;
  event: EventId;
  act: string;
  actor: string;
  image: T | null;
}

export interface History<T> {
  key: string;
  type: string;
  tenant: string;
  cohort?: string;
  versions: Version<T>[];
}

/** A message on a link, with everything that became of it. */
export interface LinkMessage {
  tenant: string;
  control: string;
  type: string;
  records: RecordRef[];
  /** One entry per time that bytes went out. */
  sent: { at: number; event: EventId }[];
  /** `micros`: from the start of the attempt. */
  acks: { at: number; outcome: string; code?: string; micros?: number; event: EventId }[];
  queuedAt?: number;
  /** As it was last sent. */
  text?: string;
  /** Of a message that was given from outside: whose check gave it. */
  cohort?: string;
  /** A fault took it away: nobody will ever see it. */
  dropped?: boolean;
}

export interface Fired {
  at: number;
  rule: string;
  fault: string;
  tenant?: string;
  event: EventId;
  request?: EventId;
}

/** A call that a gate holds, or held. */
export interface GatedCall {
  /** `<process>:<gate>`. */
  id: string;
  process: string;
  gate: string;
  rule: string;
  hook: string;
  sim: string;
  operation: string;
  type?: string;
  /** Records that it had touched when it was parked, and those that it named. */
  touches: readonly string[];
  /** Why it went on: `release`, `deadline`, `heal`, `gone`; absent while it waits. */
  by?: string;
}

/** A record that a reply, a message or a notification showed. */
export interface Showing {
  at: number;
  wall: string;
  key: string;
  version: number;
  channel: string;
  /** The call that was answered with it; absent where it came by itself. */
  operation?: string;
  event: EventId;
}

/** The end of a wait. */
export interface Mark {
  at: number;
  /** Epoch ms. */
  wall: number;
  by: string;
  waitedMs: number;
  /** What the subject had not read when the wait ended. */
  owed: string[];
  event: EventId;
}

/** What the judge itself wrote about one check: notes, marks, how its waits ended. */
export interface CheckLog {
  begunAt: number;
  endedAt?: number;
  /** The same in epoch ms. */
  begunWall: number;
  endedWall?: number;
  /** All that was shown of its people, each time, for a check that asked for it. */
  showings?: Showing[];
  seed: string;
  notes: Map<string, unknown>;
  /** When each was noted (µs). */
  notedAt: Map<string, number>;
  marks: Map<string, Mark>;
  /** When the check killed the subject (µs). */
  killedAt?: number;
  error?: string;
  /** The run was ended before the check was. */
  aborted?: boolean;
}

/** Stands for several cohorts. */
const SHARED = '(several)';

export const eventId = (event: JournalEvent): EventId => `${event.process}:${event.seq}`;

/** The words of a text by which people are recognised: MRNs, canary names, record ids. Ids may hold dots and hyphens. */
export const wordsOf = (text: string): string[] =>
  text.match(/[\p{L}\p{N}._-]{5,}/gu)?.flatMap((w) => (/[._-]/.test(w) ? [w, ...w.split(/[._-]+/)] : [w])) ?? [];

// Answers after which the same call can succeed: a client is expected to come back.
const RETRYABLE = new Set([401, 408, 425, 429]);

/** What shows records in another way than a poll does, by the operation of the reply. */
const OPERATIONS: Record<string, ReadKind> = { 'export-file': 'bulk', changed: 'changed' };
const PUSHED: Partial<Record<JournalEvent['kind'], ReadKind>> = { ack: 'hl7', notice: 'subscription' };
const shownOn = ({ kind, data }: JournalEvent): ReadKind => PUSHED[kind] ?? OPERATIONS[String(data?.operation)] ?? 'poll';

/** The state of a history at a moment; its newest image when no moment is given. */
export function imageAt<T>(history: History<T> | undefined, at = Number.POSITIVE_INFINITY): T | null {
  let found: T | null = null;
  for (const version of history?.versions ?? []) if (version.at <= at) found = version.image;
  return found;
}

/**
 * The one fold of the journal. It runs while the subject works, to know when nothing more will come, and again over the
 * run folder, to judge. Truth, CRM state, what the subject was shown, what is still open: all derived, nothing stored.
 */
export class Facts {
  /** EHR truth by record key. */
  readonly truth = new Map<string, History<Resource>>();
  /** CRM rows by record key. */
  readonly crm = new Map<string, History<Row>>();
  readonly messages = new Map<string, LinkMessage>();
  readonly fired: Fired[] = [];
  /** Notifications that were not what their sender had to say when it had to say it: changed on the way, or played back (`again`). */
  readonly strayed: { at: number; key: string; state: string; status?: number; event: EventId }[] = [];
  /** Who was offered what over TLS. */
  readonly tls = new TlsFacts();
  /** Calls whose client had hung up before they were answered. */
  readonly hungUp = new Set<EventId>();
  /** Calls that gates held, by id, in the order in which they were parked. */
  readonly gated = new Map<string, GatedCall>();
  /** When a rule was healed, or a process was back that had been killed: from then on the world can be caught up with. */
  readonly healed: { at: number; rule: string }[] = [];
  /** When a check killed or started the subject. */
  readonly downs: { at: number }[] = [];
  readonly checks = new Map<string, CheckLog>();
  readonly defects: { event: EventId; message: string }[] = [];
  readonly intruders: EventId[] = [];
  /** Every call that came to a simulator, oldest first. */
  readonly calls: { at: number; sim: string; tenant: string; event: EventId }[] = [];
  /** Calls that were refused for want of a right. */
  readonly refusals: { at: number; tenant: string; status: number; event: EventId }[] = [];
  /** Access tokens as they were asked for and granted, per site. */
  readonly tokens: { tenant: string; requested: string[]; granted: string[]; event: EventId; token?: string }[] = [];
  /** Access tokens that a site was shown and did not know. */
  readonly unknownTokens: { tenant: string; token: string; event: EventId }[] = [];
  /** Names and mail addresses of people that stood in a URL or header, where no search needs them. */
  readonly exposed: { cohort: string; where: string; word: string; text: string; event: EventId }[] = [];
  /** Messages that the subject sent to a hospital, by whose people they name; a copy under the same control id is one more. */
  readonly received: { at: number; cohort: string; control: string; event: EventId }[] = [];
  /** Messages that jobs of the CRM wrote to people; `records` by key. */
  readonly sends: { at: number; job: string; to: string; text: string; records: string[]; event: EventId }[] = [];
  /** Commits that a schedule offered, by their event. */
  readonly offers = new Map<EventId, Offer>();
  /** For how long an event loop of the sandbox was held up, in ms, where that was worth noting. */
  readonly lags: { at: number; maxMs: number }[] = [];
  /** Writes that the CRM refused because somebody held the record. */
  readonly lockRefusals: { at: number; lock: string; event: EventId }[] = [];
  readonly subject: { at: number; what: string; data: Record<string, unknown> }[] = [];
  /** The first event of the run, as the judge wrote it. */
  run?: Record<string, unknown>;
  first?: JournalEvent;
  last?: JournalEvent;
  /** When a link last sent a message for the first time. */
  readonly toldAt = new Map<string, number>();
  /** When the state that belongs to a cohort last changed. */
  readonly changedAt = new Map<string, number>();
  /** How often a record of a cohort was committed: what is worked out of them holds as long as this does. */
  readonly revisions = new Map<string, number>();
  /** Events that touch a cohort, oldest first: the evidence of its story. */
  readonly story = new Map<string, EventId[]>();
  #channels = new Set<string>();
  /** Keys of records that several copies of a notification told of at the same moment. */
  #abreast = new Set<string>();
  #served = new Map<string, Map<string, { version: number; at: number }[]>>();
  #words = new Map<string, string>();
  #byCohort = new Map<string, History<unknown>[]>();
  #byRecord = new Map<string, LinkMessage[]>();
  #open = new Map<EventId, { at: number; cohorts: Set<string>; to: string }>();
  #retries = new Map<string, Map<string, number>>();
  /** When this run began; a sandbox that stayed up holds earlier ones. */
  #begunAt = Number.NEGATIVE_INFINITY;
  /** Of a load run, which may have a million events, nothing is kept that only checks ask for. */
  #isLoad = false;

  ingest(event: JournalEvent): void {
    if (event.at < this.#begunAt && event.kind !== 'commit') return;
    this.first ??= event;
    this.last = event;
    // Who is told by a feed that nothing changed has read it.
    if (event.served && shownOn(event) === 'changed') this.#channels.add(`${event.tenant}/changed`);
    for (const ref of event.served ?? []) this.#serve(ref, event);
    this.#handlers[event.kind]?.(event);
  }

  #handlers: Partial<Record<JournalEvent['kind'], (event: JournalEvent) => void>> = {
    commit: (event) => this.#commit(event),
    request: (event) => this.#request(event),
    reply: (event) => this.#reply(event),
    queue: (event) => this.#queue(event),
    message: (event) => this.#message(event),
    ack: (event) => this.#ack(event),
    notice: (event) => this.#notice(event),
    fault: (event) => this.#fault(event),
    gate: (event) => this.#gate(event),
    heal: (event) => void this.healed.push({ at: event.at, rule: String(event.data?.rule) }),
    connection: (event) => {
      if (!this.#isLoad) this.tls.connection(event, eventId(event));
    },
    token: (event) => this.#token(event),
    auth: ({ data, tenant = '', ...event }) => {
      if (data?.token) this.unknownTokens.push({ tenant, token: String(data.token), event: eventId(event) });
    },
    send: (event) => this.#send(event),
    setup: (event) => this.#setup(event),
    lag: (event) => void this.lags.push({ at: event.at, maxMs: Number(event.data?.maxMs) }),
    intruder: (event) => void this.intruders.push(eventId(event)),
    check: (event) => this.#check(event),
    run: (event) => {
      if (event.data?.type === 'begin') this.#begin(event);
      this.run = { ...this.run, ...event.data };
    },
    start: (event) => this.#start(event),
    subject: (event) => void this.subject.push({ at: event.at, what: String(event.data?.what), data: event.data ?? {} }),
    stop: (event) => {
      if (event.data?.defect) this.defects.push({ event: eventId(event), message: String(event.data.defect) });
    },
  };

  /** When this version of a record, or a later one, was first shown on a channel; undefined when it never was. */
  servedAt(ref: RecordRef, channel: string): number | undefined {
    return this.#served
      .get(recordKey(ref))
      ?.get(channel)
      ?.find((s) => s.version >= ref.version)?.at;
  }

  /** Whether a fault hit anything, or was healed, or the subject was down, between two moments (µs). */
  isTroubled(from: number, to: number): boolean {
    const within = ({ at }: { at: number }): boolean => at >= from && at <= to;
    return this.fired.some(within) || this.healed.some(within) || this.downs.some(within);
  }

  /** Whether anything at all was ever shown on a channel (`epic/poll`): a declared one that nobody reads is absent. */
  reads(channel: string): boolean {
    return this.#channels.has(channel);
  }

  /** Whether the subject hung up on a call that a rule hit. */
  hungUpOn(rule: string): boolean {
    return this.fired.some((fired) => fired.rule === rule && fired.request !== undefined && this.hungUp.has(fired.request));
  }

  /** Calls that touch a cohort and have no answer yet. */
  openCalls(cohort: string): number {
    let count = 0;
    for (const call of this.#open.values()) if (call.cohorts.has(cohort)) count++;
    return count;
  }

  /** When the newest call that touches a cohort was answered so that it can be tried again, and was not (µs). */
  retryDueSince(cohort: string): number | undefined {
    const failed = [...(this.#retries.get(cohort)?.values() ?? [])];
    return failed.length > 0 ? Math.max(...failed) : undefined;
  }

  /** The cohorts whose people a text mentions. */
  cohortsIn(text: string): Set<string> {
    const found = new Set<string>();
    for (const word of wordsOf(text)) {
      const cohort = this.#words.get(word);
      if (cohort && cohort !== SHARED) found.add(cohort);
    }
    return found;
  }

  truthOf(cohort: string): History<Resource>[] {
    return (this.#byCohort.get(`truth ${cohort}`) ?? []) as History<Resource>[];
  }

  crmOf(cohort: string): History<Row>[] {
    return (this.#byCohort.get(`crm ${cohort}`) ?? []) as History<Row>[];
  }

  /** The messages that a check gave to a link. */
  givenBy(cohort: string): LinkMessage[] {
    return (this.#byCohort.get(`given ${cohort}`) ?? []) as unknown as LinkMessage[];
  }

  /** The cohort that a word stands for. */
  cohortOf(word: string): string | undefined {
    return this.#words.get(word);
  }

  /** The messages on links that carry any version of a record. */
  messagesOf(id: string): LinkMessage[] {
    return this.#byRecord.get(id) ?? [];
  }

  /** Makes a word stand for a cohort; called for what the judge knows before anything is committed. */
  know(word: string, cohort: string): void {
    if (word.length < 5) return;
    // A word that two cohorts share (one MRN at two hospitals) tells nothing; their names still do.
    const known = this.#words.get(word);
    this.#words.set(word, known === undefined || known === cohort ? cohort : SHARED);
  }

  #tell(cohort: string | undefined, event: JournalEvent): void {
    if (!cohort || this.#isLoad) return;
    const story = this.story.get(cohort) ?? [];
    const id = eventId(event);
    if (story.at(-1) !== id) story.push(id);
    this.story.set(cohort, story);
  }

  #commit(event: JournalEvent): void {
    if (event.data?.offer) this.offers.set(eventId(event), event.data.offer as Offer);
    (event.records ?? []).forEach((ref, i) => {
      const after = (event.after?.[i] ?? null) as (Resource & Row) | null;
      // A CRM keeps what is deleted in a recycle bin, with all its values; for users and queries it is gone.
      const image = ref.sim === 'crm' && after?.IsDeleted === true ? null : after;
      const histories = (ref.sim === 'crm' ? this.crm : this.truth) as Map<string, History<unknown>>;
      const key = recordKey(ref);
      const history = histories.get(key) ?? { key, type: ref.type, tenant: ref.tenant, versions: [] };
      histories.set(key, history);
      const { at, wall, act = '', actor = '' } = event;
      const version = { ref, at, wall, event: eventId(event), act, actor, image };
      history.versions.push(sharing(version, history.versions.at(-1)));
      if (event.at < this.#begunAt) return;
      if (!history.cohort) {
        history.cohort = event.cohort ?? this.#attribute(ref, after ?? event.before?.[i]);
        if (!history.cohort) return;
        append(this.#byCohort, `${ref.sim === 'crm' ? 'crm' : 'truth'} ${history.cohort}`, history);
      }
      this.#learn(ref, image, history.cohort);
      this.changedAt.set(history.cohort, event.at);
      this.revisions.set(history.cohort, (this.revisions.get(history.cohort) ?? 0) + 1);
      this.#tell(history.cohort, event);
    });
  }

  // A row belongs to the person whose key, name token or parent row it carries.
  #attribute(ref: RecordRef, image: unknown): string | undefined {
    if (!image) return undefined;
    return (
      this.cohortsIn(JSON.stringify(image, (key, value) => (key === 'Id' ? undefined : value)))
        .values()
        .next().value ?? this.#words.get(ref.id)
    );
  }

  #learn(ref: RecordRef, image: (Resource & Row) | null, cohort: string): void {
    this.know(ref.id, cohort);
    if (ref.sim === 'crm' || !image) return;
    for (const identifier of (image.identifier as { value?: string }[] | undefined) ?? [])
      this.know(identifier.value ?? '', cohort);
  }

  #serve(ref: RecordRef, event: JournalEvent): void {
    const key = recordKey(ref);
    // A notification that was refused comes again: only one that was taken is in somebody's custody.
    if (event.kind === 'notice' && event.data?.state !== 'taken') return;
    const channel = ref.sim === 'crm' ? 'crm' : `${event.tenant}/${shownOn(event)}`;
    this.#channels.add(channel);
    const byChannel = this.#served.get(key) ?? new Map<string, { version: number; at: number }[]>();
    this.#served.set(key, byChannel);
    const list = byChannel.get(channel) ?? [];
    byChannel.set(channel, list);
    const about = (ref.sim === 'crm' ? this.crm.get(key) : this.truth.get(key))?.cohort;
    const { at, wall, kind, data } = event;
    const operation = kind === 'reply' ? (data?.operation as string | undefined) : undefined;
    this.checks
      .get(about ?? '')
      ?.showings?.push({ at, wall, key, version: ref.version, channel, operation, event: eventId(event) });
    if ((list.at(-1)?.version ?? 0) >= ref.version) return;
    list.push({ version: ref.version, at: event.at });
    const history = ref.sim === 'crm' ? this.crm.get(key) : this.truth.get(key);
    this.#tell(history?.cohort, event);
  }

  #notice(event: JournalEvent): void {
    const { data, served = [], records = [], at } = event;
    if (Number(data?.abreast) > 1) for (const ref of served) this.#abreast.add(recordKey(ref));
    const { state, changed, status } = (data ?? {}) as { state?: string; changed?: boolean; status?: number };
    if (!changed && state !== 'again') return;
    for (const ref of records) this.strayed.push({ at, key: recordKey(ref), state: state ?? '', status, event: eventId(event) });
  }

  /** Whether a notification of that record came several times at the same moment. */
  cameAtOnce(key: string): boolean {
    return this.#abreast.has(key);
  }

  #send(event: JournalEvent): void {
    const { job = '', to = '', text = '' } = (event.data ?? {}) as Record<string, string>;
    const records = (event.records ?? []).map(recordKey);
    this.sends.push({ at: event.at, job, to, text, records, event: eventId(event) });
    this.#tell(records.map((key) => this.crm.get(key)?.cohort).find(Boolean), event);
  }

  // An administrator, or a transaction of somebody else. What is let go of can be had again.
  #setup(event: JournalEvent): void {
    const { lock, refused, freed } = (event.data ?? {}) as { lock?: string; refused?: string; freed?: boolean };
    if (lock && refused) this.lockRefusals.push({ at: event.at, lock, event: eventId(event) });
    if (lock && freed) this.healed.push({ at: event.at, rule: lock });
  }

  #token(event: JournalEvent): void {
    const { scope, requestedScope, token } = (event.data ?? {}) as { scope?: string; requestedScope?: string; token?: string };
    const list = (text: string | undefined): string[] => (text ?? '').split(/[\s,]+/).filter(Boolean);
    this.tokens.push({
      tenant: event.tenant ?? '',
      requested: list(requestedScope),
      granted: list(scope),
      event: eventId(event),
      token,
    });
  }

  // FHIR searches by name and birth date have to name them; nothing else has.
  #expose(event: JournalEvent): void {
    const { url = '', referer = '', agent = '', operation } = (event.data ?? {}) as Record<string, string>;
    const address = event.sim === 'ehr' ? url.split('?', 1)[0]! : url;
    for (const [where, text] of Object.entries({
      [`the address of a ${operation}`]: address,
      'the Referer header': referer,
      'the User-Agent header': agent,
    }))
      for (const word of findCanaries(decodeSafely(text))) {
        const cohort = this.#words.get(word);
        if (cohort) this.exposed.push({ cohort, where, word, text: decodeSafely(text), event: eventId(event) });
      }
  }

  #request(event: JournalEvent): void {
    const { url = '', body = '' } = (event.data ?? {}) as { url?: string; body?: string };
    this.#expose(event);
    this.tls.request(event, eventId(event));
    if (!this.#isLoad) this.calls.push({ at: event.at, sim: event.sim, tenant: event.tenant ?? '', event: eventId(event) });
    const cohorts = this.cohortsIn(`${decodeSafely(url)} ${decodeSafely(body)}`);
    if (cohorts.size === 0) return;
    const to = `${event.sim}/${event.tenant}`;
    for (const cohort of cohorts) this.#retries.get(cohort)?.delete(to);
    this.#open.set(eventId(event), { at: event.at, cohorts, to });
    if (event.data?.method !== 'GET') for (const cohort of cohorts) this.#tell(cohort, event);
  }

  #reply(event: JournalEvent): void {
    const id = `${event.process}:${event.cause}`;
    const { severed, status } = (event.data ?? {}) as { severed?: string; status?: number };
    if (severed === 'gone') this.hungUp.add(id);
    const again = severed !== undefined || RETRYABLE.has(Number(status)) || Number(status) >= 500;
    if (status === 401 || status === 403)
      this.refusals.push({ at: event.at, tenant: event.tenant ?? '', status, event: eventId(event) });
    for (const cohort of this.#open.get(id)?.cohorts ?? []) {
      if (severed || Number(status) >= 400) this.#tell(cohort, event);
      if (again) this.#retryDue(cohort, `${event.sim}/${event.tenant}`, event.at);
    }
    this.#open.delete(id);
  }

  #gate({ process, sim, data = {} }: JournalEvent): void {
    const { gate, rule, hook, state, operation, type, by } = data as Record<string, string>;
    const id = `${process}:${gate}`;
    const known = this.gated.get(id);
    if (state === 'released' && known) known.by = by;
    if (state !== 'parked') return;
    const { records = [], names = [] } = data as Record<string, string[]>;
    const about = { gate: gate!, rule: rule!, hook: hook!, operation: operation! };
    this.gated.delete(id);
    this.gated.set(id, { id, process, sim, ...about, ...(type && { type }), touches: [...records, ...names] });
  }

  // A process that starts again has forgotten the calls that were under way: their callers come back.
  #start(event: JournalEvent): void {
    if (event.incarnation > 1) this.healed.push({ at: event.at, rule: `${event.process} was away` });
    for (const [id, { cohorts, to }] of this.#open) {
      if (!id.startsWith(`${event.process}:`)) continue;
      for (const cohort of cohorts) this.#retryDue(cohort, to, event.at);
      this.#open.delete(id);
    }
    for (const call of this.gated.values()) if (call.process === event.process) call.by ??= 'gone';
  }

  #retryDue(cohort: string, to: string, at: number): void {
    const failed = this.#retries.get(cohort) ?? new Map<string, number>();
    this.#retries.set(cohort, failed.set(to, at));
  }

  // Records of earlier runs stay, since what comes later may refer to them; whose they were no longer counts.
  #begin(event: JournalEvent): void {
    this.#begunAt = event.at;
    this.#isLoad = event.data?.load !== undefined;
    this.first = event;
    this.run = undefined;
    for (const history of [...this.truth.values(), ...this.crm.values()]) history.cohort = undefined;
    for (const memory of [this.checks, this.messages, this.toldAt, this.changedAt, this.story]) memory.clear();
    for (const memory of [this.#words, this.#byCohort, this.#byRecord, this.#open, this.#retries]) memory.clear();
    this.#channels.clear();
    this.hungUp.clear();
    this.offers.clear();
    this.gated.clear();
    for (const list of [
      this.fired,
      this.healed,
      this.downs,
      this.defects,
      this.intruders,
      this.tokens,
      this.refusals,
      this.exposed,
      this.received,
      this.sends,
      this.lockRefusals,
      this.lags,
      this.subject,
    ])
      list.length = 0;
  }

  #linkMessage(event: JournalEvent): LinkMessage | undefined {
    const control = event.data?.control;
    if (typeof control !== 'string' || event.data?.direction === 'in') return undefined;
    const key = `${event.tenant}|${control}`;
    const { message, type } = event.data as { message?: string; type?: string };
    const found = this.messages.get(key) ?? { tenant: event.tenant ?? '', control, type: '', records: [], sent: [], acks: [] };
    found.type ||= message ?? type ?? '';
    if (found.records.length === 0) {
      found.records = event.records ?? [];
      for (const ref of found.records) append(this.#byRecord, ref.id, found);
    }
    this.messages.set(key, found);
    for (const ref of found.records) this.#tell(this.truth.get(recordKey(ref))?.cohort, event);
    if (found.records.length === 0 && event.cohort) {
      if (!found.cohort) append(this.#byCohort as Map<string, unknown[]>, `given ${event.cohort}`, found);
      found.cohort = event.cohort;
      this.#tell(event.cohort, event);
    }
    return found;
  }

  #queue(event: JournalEvent): void {
    const message = event.data?.emitted === false ? undefined : this.#linkMessage(event);
    if (message) message.queuedAt = event.at;
  }

  #message(event: JournalEvent): void {
    if (event.data?.direction === 'in') {
      this.#receive(event);
      return;
    }
    const message = this.#linkMessage(event);
    if (!message) return;
    if (event.data?.dropped) {
      message.dropped = true;
      return;
    }
    // Its repetitions are the receiver's doing.
    if (message.sent.length === 0) this.toldAt.set(message.tenant, event.at);
    message.sent.push({ at: event.at, event: eventId(event) });
    if (!this.#isLoad) message.text = event.data?.text as string | undefined;
  }

  // Who a message of the subject is about stands in its text alone: one that files nothing has no record.
  #receive(event: JournalEvent): void {
    const { control = '', text = '' } = (event.data ?? {}) as { control?: string; text?: string };
    for (const cohort of this.cohortsIn(text)) {
      this.received.push({ at: event.at, cohort, control, event: eventId(event) });
      this.#tell(cohort, event);
    }
  }

  #ack(event: JournalEvent): void {
    const { outcome, code, micros } = (event.data ?? {}) as { outcome?: string; code?: string; micros?: number };
    const message = this.#linkMessage(event);
    message?.acks.push({ at: event.at, outcome: outcome ?? '', code, micros, event: eventId(event) });
    if (message && this.#isLoad && outcome === 'positive') this.#forget(message);
  }

  // Whoever took a message was shown what it says: of a load run that is all that is asked.
  #forget(message: LinkMessage): void {
    this.messages.delete(`${message.tenant}|${message.control}`);
    for (const { id } of message.records) {
      const left = this.messagesOf(id).filter((one) => one !== message);
      if (left.length > 0) this.#byRecord.set(id, left);
      else this.#byRecord.delete(id);
    }
  }

  #fault(event: JournalEvent): void {
    const { rule, fault } = event.data as { rule: string; fault: string };
    const request = `${event.process}:${event.cause}`;
    this.fired.push({ at: event.at, rule, fault, tenant: event.tenant, event: eventId(event), request });
    for (const cohort of this.#open.get(request)?.cohorts ?? []) this.#tell(cohort, event);
  }

  #check(event: JournalEvent): void {
    const cohort = event.cohort ?? '';
    const data = event.data ?? {};
    if (data.type === 'begin') {
      this.checks.set(cohort, {
        begunAt: event.at,
        begunWall: Date.parse(event.wall),
        seed: String(data.seed),
        notes: new Map(),
        notedAt: new Map(),
        marks: new Map(),
      });
    }
    const log = this.checks.get(cohort);
    if (!log) return;
    this.#tell(cohort, event);
    if (data.type === 'note') {
      log.notes.set(String(data.key), data.value);
      log.notedAt.set(String(data.key), event.at);
      if (data.key === 'showings') log.showings = [];
    }
    if (data.type === 'know') for (const word of data.words as string[]) this.know(word, cohort);
    if (data.type === 'settled')
      log.marks.set(String(data.label), {
        at: event.at,
        wall: Date.parse(event.wall),
        by: String(data.by),
        waitedMs: Number(data.waitedMs),
        owed: (data.owed as string[] | undefined) ?? [],
        event: eventId(event),
      });
    if (data.type === 'killed' || data.type === 'revived') this.downs.push({ at: event.at });
    if (data.type === 'killed') log.killedAt ??= event.at;
    if (data.type === 'error') log.error = String(data.message);
    if (data.type !== 'end') return;
    log.endedAt = event.at;
    log.endedWall = Date.parse(event.wall);
    log.aborted = data.aborted === true;
  }
}

function append<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key);
  if (list) list.push(item);
  else lists.set(key, [item]);
}

function decodeSafely(url: string): string {
  try {
    return decodeURIComponent(url.replaceAll('+', ' '));
  } catch {
    return url;
  }
}
