import type { JournalEvent, RecordRef } from '#simulators';

/** Site and organisation of every literal history. */
export const SITE = 'epic';
export const AUTHORITY = '1.2.3.4';
export const ORG = '00D000000000001EAA';
export const CLIENT = 'client:sync';
const START = Date.parse('2026-03-02T12:00:00.000Z');

/** One message on the link, as `deliver` sends it. */
export interface Delivery {
  control?: string;
  /** Outcome of each copy; one positive when left out. */
  acks?: ('positive' | 'error' | 'reject' | 'silent' | 'refused')[];
}

/**
 * Writes literal journals, one event a line of a test. Time stands still between events but for `wait`; each event takes one
 * microsecond, so that order is by time as in a real journal. Versions and images are kept as the simulators keep them.
 */
export class JournalBuilder {
  readonly events: JournalEvent[] = [];
  readonly process: string;
  cohort: string;
  /** Called with each event as it is written. */
  listener?: (event: JournalEvent) => void;
  /** Microseconds since the start; a test with a clock of its own replaces it. */
  micros = 1_000_000;
  #images = new Map<string, { ref: RecordRef; image: Record<string, unknown> | null }>();
  #controls = 0;

  constructor(cohort = 'ID-01/epic', process = 'sandbox') {
    this.cohort = cohort;
    this.process = process;
  }

  wait(ms: number): this {
    this.micros += ms * 1000;
    return this;
  }

  /** What the clock on the wall shows. */
  get wall(): string {
    return new Date(START + Math.floor(this.micros / 1000)).toISOString();
  }

  add(draft: Pick<JournalEvent, 'sim' | 'kind'> & Partial<JournalEvent>): JournalEvent {
    this.micros += 1;
    const event: JournalEvent = {
      v: 1,
      process: this.process,
      incarnation: 1,
      seq: this.events.length + 1,
      at: this.micros,
      wall: this.wall,
      ...draft,
    };
    this.events.push(event);
    this.listener?.(event);
    return event;
  }

  /** The newest image of a record; null when deleted or unknown. */
  image<T = Record<string, unknown>>(type: string, id: string): T | null {
    return (this.#images.get(`${type}/${id}`)?.image ?? null) as T | null;
  }

  /** The live rows of an object in the CRM. */
  rows(type: string): Record<string, unknown>[] {
    return [...this.#images.values()].flatMap(({ ref, image }) =>
      ref.sim === 'crm' && ref.type === type && image && image.IsDeleted !== true ? [image] : [],
    );
  }

  /** The newest images of the EHR's records, deleted ones left out. */
  images(): Record<string, unknown>[] {
    return [...this.#images.values()].flatMap(({ ref, image }) => (ref.sim === 'ehr' && image ? [image] : []));
  }

  /** The image of one version of a record. */
  imageOf({ type, id, version }: RecordRef): Record<string, unknown> {
    for (const { kind, records = [], after = [] } of this.events) {
      const at = records.findIndex((ref) => ref.type === type && ref.id === id && ref.version === version);
      if (kind === 'commit' && at >= 0) return after[at] as Record<string, unknown>;
    }
    throw new Error(`there is no version ${version} of ${type}/${id}`);
  }

  ref(type: string, id: string): RecordRef {
    return this.#images.get(`${type}/${id}`)!.ref;
  }

  #commit(
    sim: string,
    tenant: string,
    more: Partial<JournalEvent>,
    changes: { type: string; id: string; after: object | null }[],
  ) {
    const records: RecordRef[] = [];
    const before: unknown[] = [];
    for (const { type, id, after } of changes) {
      const known = this.#images.get(`${type}/${id}`);
      const ref = { sim, tenant, type, id, version: (known?.ref.version ?? 0) + 1 };
      records.push(ref);
      before.push(known?.image ?? null);
      this.#images.set(`${type}/${id}`, { ref, image: after as Record<string, unknown> | null });
    }
    const after = changes.map((change) => change.after);
    return this.add({ sim, tenant, kind: 'commit', records, before, after, ...more });
  }

  /** A commit in the EHR as the clinic makes it: a new record, or a shallow merge in which null removes an element. */
  ehr(act: string, type: string, id: string, patch: object | null, more: Partial<JournalEvent> = {}): JournalEvent {
    return this.ehrAll(act, [{ type, id, patch }], more);
  }

  /** Several records in one commit, as a merge changes them. */
  ehrAll(act: string, changes: { type: string; id: string; patch: object | null }[], more: Partial<JournalEvent> = {}) {
    const images = changes.map(({ type, id, patch }) => {
      const merged = patch && { resourceType: type, id, ...this.image(type, id), ...patch };
      return { type, id, after: merged && Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null)) };
    });
    return this.#commit('ehr', SITE, { act, actor: 'user:clinic', cohort: this.cohort, ...more }, images);
  }

  register(id: string, image: object, act = 'register'): JournalEvent {
    return this.ehr(act, 'Patient', id, image);
  }

  book(id: string, image: object): JournalEvent {
    return this.ehr('book', 'Appointment', id, image);
  }

  cancel(id: string): JournalEvent {
    return this.ehr('cancel', 'Appointment', id, { status: 'cancelled' });
  }

  /** A commit in the CRM by the subject: null empties a field. `id` is the row's. */
  crm(type: string, id: string, fields: object | null, more: Partial<JournalEvent> = {}): JournalEvent {
    const held = this.image(type, id);
    const act = held ? (fields ? 'update' : 'delete') : 'create';
    const merged = fields ? { Id: id, IsDeleted: false, ...held, ...fields } : { ...held, IsDeleted: true };
    const after = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null));
    return this.#commit('crm', ORG, { act, actor: CLIENT, ...more }, [{ type, id, after }]);
  }

  /** An edit in the CRM by one of its users. */
  edit(type: string, id: string, fields: object): JournalEvent {
    return this.crm(type, id, fields, { act: 'edit', actor: 'user:clerk', cohort: this.cohort });
  }

  /** A link takes a commit on. Returns the control id. */
  queue(message: string, commit: JournalEvent): string {
    const control = String(++this.#controls);
    const { seq: cause, records, cohort } = commit;
    this.add({ sim: 'hl7', tenant: SITE, kind: 'queue', records, cohort, cause, data: { emitted: true, control, message } });
    return control;
  }

  /** A message that no commit led to is taken on. Returns the control id. */
  give(message: string, cohort: string): string {
    const control = String(++this.#controls);
    this.add({
      sim: 'hl7',
      tenant: SITE,
      kind: 'queue',
      records: [],
      cohort,
      data: { emitted: true, given: true, control, message },
    });
    return control;
  }

  /** Bytes go out. `cohort` for a message that was given. */
  sent(control: string, type: string, records: RecordRef[], data: object = {}, cohort?: string): JournalEvent {
    return this.add({
      sim: 'hl7',
      tenant: SITE,
      kind: 'message',
      records,
      cohort,
      data: { direction: 'out', control, type, ...data },
    });
  }

  ack(control: string, type: string, records: RecordRef[], outcome = 'positive', cohort?: string): JournalEvent {
    const code = { positive: 'AA', error: 'AE', reject: 'AR' }[outcome];
    const served = outcome === 'positive' ? records : undefined;
    return this.add({
      sim: 'hl7',
      tenant: SITE,
      kind: 'ack',
      records,
      cohort,
      served,
      data: { direction: 'out', control, type, code, outcome },
    });
  }

  /** A message from queue to acknowledgement, each copy with its outcome. */
  deliver(type: string, commit: JournalEvent, { control, acks = ['positive'] }: Delivery = {}): string {
    const id = control ?? this.queue(type, commit);
    for (const outcome of acks) {
      if (outcome !== 'refused') this.sent(id, type, commit.records ?? []);
      this.ack(id, type, commit.records ?? [], outcome);
    }
    return id;
  }

  /** An HTTP call that has no answer yet. */
  request(sim: 'ehr' | 'crm', method: string, url: string, body?: object | string): JournalEvent {
    const text = typeof body === 'object' ? JSON.stringify(body) : body;
    return this.add({
      sim,
      tenant: sim === 'crm' ? ORG : SITE,
      kind: 'request',
      data: { method, url, secure: true, body: text },
    });
  }

  reply(request: JournalEvent, status: number | 'reset' | 'gone', served?: RecordRef[]): JournalEvent {
    const { sim, tenant, seq: cause } = request;
    const isSevered = typeof status === 'string';
    const data = isSevered ? { severed: status } : { status };
    return this.add({ sim, tenant, kind: 'reply', cause, served: isSevered ? undefined : served, data });
  }

  /** One search of the subject's poll that shows the newest versions of some records. */
  poll(...records: RecordRef[]): JournalEvent {
    return this.reply(this.request('ehr', 'GET', `/${records[0]?.type}?_id=${records.map((r) => r.id).join()}`), 200, records);
  }

  /** What came of a notification about a record. */
  notice(record: RecordRef, data: Record<string, unknown>): JournalEvent {
    return this.add({ sim: 'ehr', tenant: SITE, kind: 'notice', actor: CLIENT, records: [record], data });
  }

  /** A system offers that over TLS from now on; the usual for null. */
  offers(sim: 'ehr' | 'crm', offer?: string | null): JournalEvent {
    return this.#tls(sim, { state: 'offers' }, offer);
  }

  /** A client went through with a TLS handshake, or did not. */
  handshake(sim: 'ehr' | 'crm', taken: boolean, protocol: string, offer?: string | null): JournalEvent {
    return this.#tls(sim, { state: taken ? 'secured' : 'failed', ...(taken && { protocol }) }, offer);
  }

  #tls(sim: 'ehr' | 'crm', state: object, offer?: string | null): JournalEvent {
    const data = { ...state, ...(offer && { [offer.startsWith('1.') ? 'versions' : 'certificate']: offer }) };
    return this.add({ sim, tenant: sim === 'crm' ? ORG : SITE, kind: 'connection', data });
  }

  fault(rule: string, fault: string, request?: Pick<JournalEvent, 'sim' | 'tenant'> & { seq?: number }): JournalEvent {
    return this.add({
      sim: request?.sim ?? 'hl7',
      tenant: request?.tenant ?? SITE,
      kind: 'fault',
      cause: request?.seq,
      data: { rule, fault },
    });
  }

  heal(rule: string): JournalEvent {
    return this.add({ sim: 'kernel', kind: 'heal', data: { rule } });
  }

  /** What the judge itself writes about the check. */
  check(data: Record<string, unknown>): JournalEvent {
    return this.add({ sim: 'judge', kind: 'check', cohort: this.cohort, data });
  }

  begin(): JournalEvent {
    return this.check({ type: 'begin', seed: 'seed' });
  }

  note(key: string, value: unknown): JournalEvent {
    return this.check({ type: 'note', key, value });
  }

  know(...words: string[]): JournalEvent {
    return this.check({ type: 'know', words });
  }

  settled(label: string, by = 'as-mapped', owed: string[] = []): JournalEvent {
    return this.check({ type: 'settled', label, by, waitedMs: 10, pending: owed, owed });
  }

  end(): JournalEvent {
    return this.check({ type: 'end' });
  }

  /** Notes a record under its name, as a check's world does. */
  named(name: string, type: string, id: string): JournalEvent {
    return this.note(`record ${name}`, { sim: 'ehr', tenant: SITE, type, id });
  }
}
