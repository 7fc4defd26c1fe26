import type { Clock, CommitRequest, CommitResult, EventDraft, JournalEvent, RecordRef, Rule } from '#simulators';
import type { SandboxClient } from '../sandbox-client.ts';
import { AUTHORITY, CLIENT, contactOf, JournalBuilder, keyOf, ORG, visitOf } from './journal-builder.ts';

type Image = Record<string, unknown>;
interface Pending {
  control: string;
  type: string;
  commit: JournalEvent;
  mrn: string;
}

const MESSAGES: Record<string, string> = {
  register: 'ADT^A04',
  add: 'ADT^A28',
  update: 'ADT^A08',
  'update-person': 'ADT^A31',
  book: 'SIU^S12',
  reschedule: 'SIU^S13',
  cancel: 'SIU^S15',
};

/** How a subject on literal events behaves; a step that is left out is that of the perfect one. */
export interface Behaviour {
  /** What it answers to a message. */
  ack?(type: string, copy: number): 'positive' | 'error' | 'silent';
  /** Whether it does anything with a message. */
  takes?(type: string): boolean;
  /** Whether it polls the EHR. */
  polls?: boolean;
  /** What it writes to a row; undefined for nothing. */
  write?(object: string, fields: Image, act: string): Image | undefined;
  /** Whether it makes a new row instead of writing the one that is there. */
  creates?(object: string, act: string): boolean;
  /** Which edited fields it takes back, and which it writes to the EHR. */
  edit?(fields: Image): { revert: string[]; writeBack: string[] };
}

export const PERFECT: Behaviour = {};
/** The nulls: one does nothing at all, the other acknowledges all and writes nothing. */
export const SILENT: Behaviour = { ack: () => 'silent', takes: () => false, polls: false };
export const ACKS_ONLY: Behaviour = { ack: () => 'positive', takes: () => false, polls: false };

/**
 * Simulators and subject as one deterministic model: every stimulus of a check is answered at once by literal events. It
 * stands where `World` expects a sandbox, on a clock that moves only when somebody sleeps.
 */
export class FakeSandbox {
  readonly b: JournalBuilder;
  readonly clock: Clock;
  #does: Behaviour;
  #rules: (Rule & { id: string; fired: number })[] = [];
  #queue: Pending[] = [];
  #held?: Pending;
  #mrns = new Map<string, string>();
  #rows = new Map<string, string>();
  #minted = 0;

  constructor(cohort: string, does: Behaviour = PERFECT, process?: string) {
    this.b = new JournalBuilder(cohort, process);
    this.#does = does;
    const sleep = async (ms: number): Promise<void> => void this.b.wait(ms);
    const started = Date.parse('2026-03-02T12:00:00.000Z');
    this.clock = { micros: () => this.b.micros, now: () => started + this.b.micros / 1000, after: () => () => {}, sleep };
  }

  get client(): SandboxClient {
    return this as unknown as SandboxClient;
  }

  of(): this {
    return this;
  }

  async note(drafts: EventDraft[]): Promise<void> {
    for (const draft of drafts) this.b.add(draft);
  }

  async call(_method: string, path: string): Promise<{ resources: object[] }> {
    const resource = path.endsWith('Practitioner')
      ? { id: 'prac1', name: [{ given: ['Grace'], family: 'Poe' }] }
      : { id: 'loc1', name: 'Main Clinic' };
    return { resources: [resource] };
  }

  async arm(rule: Rule & { id: string }): Promise<void> {
    this.#rules.push({ ...rule, fired: 0 });
  }

  async heal(id: string): Promise<void> {
    const known = this.#rules.length;
    this.#rules = this.#rules.filter((rule) => rule.id !== id);
    if (this.#rules.length === known) return;
    this.b.heal(id);
    this.#send();
    if (this.#truth.size > 0) this.#poll([...this.#truth.values()]);
  }

  async commitSite(_site: string, { act, actor, changes }: CommitRequest): Promise<CommitResult> {
    const [change] = changes;
    const { type, resource, patch } = change!;
    const id = change!.id ?? `e${type.slice(0, 3)}.${this.b.cohort.slice(0, 5)}-${++this.#minted}`;
    const event = this.b.ehr(act, type, id, { ...resource, ...patch }, { actor });
    this.#committed(event);
    return { records: event.records!, resources: event.after as Image[], seq: event.seq };
  }

  async commitCrm({ changes }: CommitRequest): Promise<CommitResult> {
    const { type, id, fields } = changes[0]!;
    const event = this.b.edit(type, id!, fields!);
    if (this.#does.polls !== false) this.#edited(type, id!, fields!);
    return { records: event.records!, rows: event.after as Image[], seq: event.seq };
  }

  #truth = new Map<string, RecordRef>();

  #committed(event: JournalEvent): void {
    const ref = event.records![0]!;
    this.#truth.set(ref.id, ref);
    const image = this.b.image(ref.type, ref.id)!;
    const patient = ref.type === 'Patient' ? ref.id : patientOf(image);
    if (ref.type === 'Patient') this.#mrns.set(ref.id, (image.identifier as { value: string }[])[0]!.value);
    const type = MESSAGES[event.act!]!;
    this.#queue.push({ control: this.b.queue(type, event), type, commit: event, mrn: this.#mrns.get(patient) ?? '' });
    this.#send();
    if (this.#does.polls !== false) this.#poll([ref]);
  }

  /** The first armed rule that matches, which is then journalled as having hit. */
  #hit(fault: string, sim: string, operation: string, text: string, request?: JournalEvent): boolean {
    const rule = this.#rules.find(
      ({ fault: name, where, times = Number.POSITIVE_INFINITY, fired }) =>
        name === fault &&
        fired < times &&
        where?.sim === sim &&
        (!where.operation || where.operation.split('|').includes(operation)) &&
        (!where.text || text.includes(where.text)),
    );
    if (!rule) return false;
    rule.fired++;
    this.b.fault(rule.id, fault, request);
    return true;
  }

  #send(): void {
    while (this.#queue.length > 0) {
      if (this.#hit('outage', 'hl7', '', '')) return;
      const next = this.#queue.shift()!;
      if (!this.#held && this.#hit('reorder', 'hl7', next.type, next.mrn)) {
        this.#held = next;
        continue;
      }
      this.#deliver(next);
      const held = this.#held;
      this.#held = undefined;
      if (held) this.#deliver(held);
    }
  }

  #deliver({ control, type, commit, mrn }: Pending): void {
    const { ack = () => 'positive', takes = () => true } = this.#does;
    const copies = this.#hit('duplicate', 'hl7', type, mrn) ? 5 : 1;
    for (let copy = 1, sent = 0; copy <= copies; sent++) {
      this.b.sent(control, type, commit.records!);
      if (takes(type)) this.#apply(commit.records![0]!, commit.act!);
      const lost = this.#hit('lost-reply', 'hl7', type, mrn);
      const outcome = lost ? 'silent' : ack(type, sent + 1);
      this.b.ack(control, type, commit.records!, outcome);
      if (!lost) copy++;
    }
  }

  #poll(refs: RecordRef[]): void {
    const request = this.b.request('ehr', 'GET', `/Patient?_id=${refs.map(({ id }) => id).join()}`);
    if (this.#hit('outage', 'ehr', '', '', request)) {
      this.b.reply(request, 'reset');
      return;
    }
    this.b.reply(request, 200, refs);
    for (const ref of refs) this.#apply(ref, 'poll');
  }

  // Writes the newest image of a record, whatever told of it.
  #apply(ref: RecordRef, act: string): void {
    const image = this.b.image(ref.type, ref.id)!;
    if (ref.type === 'Patient') this.#write('Contact', keyOf(image), contactOf(image), act);
    else this.#write('Appointment__c', keyOf(image), visitOf(image, this.#contactOf(patientOf(image))), act);
  }

  #contactOf(patientId: string): string {
    return this.#rows.get(`Contact ${AUTHORITY}|${this.#mrns.get(patientId)}`) ?? '';
  }

  #write(object: string, key: string, wanted: Image, act: string): void {
    const fields = this.#does.write ? this.#does.write(object, wanted, act) : wanted;
    if (!fields) return;
    const known = this.#rows.get(`${object} ${key}`);
    const anew = !known || (this.#does.creates?.(object, act) ?? false);
    const held: Image = anew ? {} : this.b.image(object, known)!;
    const changed = Object.fromEntries(Object.entries(fields).filter(([name, value]) => (held[name] ?? null) !== value));
    if (Object.keys(changed).length === 0) return;
    const prefix = object === 'Contact' ? '003' : 'a01';
    const id = anew
      ? `${prefix}${this.b.cohort.replace(/\W/g, '').slice(0, 4)}${String(++this.#minted).padStart(8, '0')}AAA`
      : known;
    this.#rows.set(`${object} ${key}`, id);
    const call = () => this.b.request('crm', 'PATCH', `/sobjects/${object}/EHR_Key__c/${encodeURIComponent(key)}`, changed);
    let request = call();
    this.b.crm(object, id, changed);
    if (this.#hit('lost-reply', 'crm', 'upsert', key, request)) {
      this.b.reply(request, 'reset');
      request = call();
    }
    this.b.reply(request, 200);
  }

  #edited(object: string, id: string, fields: Image): void {
    this.b.reply(this.b.request('crm', 'GET', '/query?q=SELECT'), 200, [{ ...this.b.ref(object, id), tenant: ORG }]);
    const own = (name: string) => name === 'Preferred_Language__c';
    const names = Object.keys(fields);
    const standard = { revert: names.filter((name) => !own(name)), writeBack: names.filter(own) };
    const { revert, writeBack } = this.#does.edit?.(fields) ?? standard;
    const ref = [...this.#truth.values()].find((r) => r.type === 'Patient' && this.#contactOf(r.id) === id)!;
    if (revert.length > 0) {
      const right: Image = { Preferred_Language__c: null, ...contactOf(this.b.image('Patient', ref.id)) };
      this.b.crm(object, id, Object.fromEntries(revert.map((name) => [name, right[name]])));
    }
    for (const name of writeBack) {
      const language = { coding: [{ system: 'urn:ietf:bcp:47', code: fields[name] }] };
      const patch = own(name)
        ? { communication: [{ language, preferred: true }] }
        : { telecom: [{ system: 'phone', use: 'mobile', value: fields[name] }] };
      this.#committed(this.b.ehr('update-person', 'Patient', ref.id, patch, { actor: `link:${CLIENT}` }));
    }
  }
}

function patientOf(image: Image): string {
  const references = (image.participant as { actor: { reference: string } }[]).map(({ actor }) => actor.reference);
  return references.find((reference) => reference.startsWith('Patient/'))!.slice('Patient/'.length);
}
