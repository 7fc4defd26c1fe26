import type { JournalEvent, RecordRef } from '#simulators';
import type { Resource, Row } from '../facts.ts';

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

  add(draft: Pick<JournalEvent, 'sim' | 'kind'> & Partial<JournalEvent>): JournalEvent {
    this.micros += 1;
    const event: JournalEvent = {
      v: 1,
      process: this.process,
      incarnation: 1,
      seq: this.events.length + 1,
      at: this.micros,
      wall: new Date(START + Math.floor(this.micros / 1000)).toISOString(),
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
    const held = this.image(type, id);
    const merged = patch && { resourceType: type, id, ...held, ...patch };
    const after = merged && Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null));
    return this.#commit('ehr', SITE, { act, actor: 'user:clinic', cohort: this.cohort, ...more }, [{ type, id, after }]);
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

  sent(control: string, type: string, records: RecordRef[], data: object = {}): JournalEvent {
    return this.add({
      sim: 'hl7',
      tenant: SITE,
      kind: 'message',
      records,
      data: { direction: 'out', control, type, ...data },
    });
  }

  ack(control: string, type: string, records: RecordRef[], outcome = 'positive'): JournalEvent {
    const code = { positive: 'AA', error: 'AE', reject: 'AR' }[outcome];
    const served = outcome === 'positive' ? records : undefined;
    return this.add({
      sim: 'hl7',
      tenant: SITE,
      kind: 'ack',
      records,
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
    return this.add({ sim, tenant: sim === 'crm' ? ORG : SITE, kind: 'request', data: { method, url, body: text } });
  }

  reply(request: JournalEvent, status: number | 'reset', served?: RecordRef[]): JournalEvent {
    const { sim, tenant, seq: cause } = request;
    const data = status === 'reset' ? { severed: 'reset' } : { status };
    return this.add({ sim, tenant, kind: 'reply', cause, served: status === 'reset' ? undefined : served, data });
  }

  /** One search of the subject's poll that shows the newest versions of some records. */
  poll(...records: RecordRef[]): JournalEvent {
    return this.reply(this.request('ehr', 'GET', `/${records[0]?.type}?_id=${records.map((r) => r.id).join()}`), 200, records);
  }

  fault(rule: string, fault: string, request?: JournalEvent): JournalEvent {
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

/** A patient of the default map, with everything that it asks for. The MRN has thirteen digits, the name a canary. */
export function patient(mrn: string, canary: string, more: Partial<Record<string, unknown>> = {}): Partial<Resource> {
  return {
    active: true,
    identifier: [{ system: `urn:oid:${AUTHORITY}`, value: mrn }],
    name: [{ use: 'official', given: ['Ada'], family: `Hale-${canary}` }],
    gender: 'female',
    birthDate: '1980-02-29',
    telecom: [
      { system: 'phone', use: 'mobile', value: '212-555-0143' },
      { system: 'phone', use: 'home', value: '212-555-0144' },
      { system: 'email', use: 'home', value: `Ada.${canary}@mail.example` },
    ],
    address: [{ use: 'home', line: ['1 Elm St', 'Apt 2'], city: 'New York', state: 'NY', postalCode: '10001', country: 'US' }],
    communication: [{ language: { coding: [{ system: 'urn:ietf:bcp:47', code: 'en' }] }, preferred: true }],
    ...more,
  };
}

export function appointment(csn: string, patientId: string, more: Partial<Record<string, unknown>> = {}): Partial<Resource> {
  return {
    identifier: [{ system: `urn:oid:${AUTHORITY}.8`, value: csn }],
    status: 'booked',
    appointmentType: { text: 'Follow-up' },
    start: '2026-03-10T14:00:00Z',
    end: '2026-03-10T14:30:00Z',
    participant: [
      { actor: { reference: `Patient/${patientId}` } },
      { actor: { reference: 'Practitioner/prac1', display: 'Grace Poe' } },
      { actor: { reference: 'Location/loc1', display: 'Main Clinic' } },
    ],
    ...more,
  };
}

interface PatientImage {
  active?: boolean;
  identifier: { value: string }[];
  name: { use: string; given: string[]; family: string }[];
  gender?: string;
  birthDate?: string;
  telecom?: { system: string; use: string; value: string; period?: { end?: string } }[];
  address?: { use: string; line: string[]; city: string; state: string; postalCode: string; period?: { end?: string } }[];
  deceasedBoolean?: boolean;
  deceasedDateTime?: string;
}

interface AppointmentImage {
  identifier: { value: string }[];
  status: string;
  start: string;
  end: string;
  appointmentType?: { text: string };
  participant: { actor: { reference: string; display?: string } }[];
}

const SEX: Record<string, string> = { male: 'Male', female: 'Female', other: 'Other', unknown: 'Unknown' };
const STATUS: Record<string, string> = { booked: 'Booked', cancelled: 'Cancelled', fulfilled: 'Completed' };
const wire = (instant: string): string => new Date(instant).toISOString();

export const keyOf = (image: unknown, authority = AUTHORITY): string =>
  `${authority}|${(image as PatientImage).identifier[0]!.value}`;

/** The Contact that the default map asks for, written by hand so that the oracle is not its own witness. */
export function contactOf(image: unknown, authority = AUTHORITY): Omit<Row, 'Id'> {
  const { identifier, name, birthDate, gender, telecom = [], address = [], ...rest } = image as PatientImage;
  const official = name.find(({ use }) => use === 'official')!;
  const point = (system: string, use?: string) =>
    telecom.find((t) => t.system === system && (!use || t.use === use) && !t.period?.end)?.value;
  const dial = (number?: string) => number && `+1${number.replace(/\D/g, '')}`;
  const home = address.find(({ use, period }) => use === 'home' && !period?.end);
  return {
    EHR_Key__c: keyOf(image, authority),
    MRN__c: identifier[0]!.value,
    MRN_Authority__c: authority,
    FirstName: official.given[0],
    LastName: official.family,
    Birthdate: birthDate ?? null,
    Sex__c: SEX[gender ?? 'unknown'],
    MobilePhone: dial(point('phone', 'mobile')) ?? null,
    HomePhone: dial(point('phone', 'home')) ?? null,
    Email: point('email')?.toLowerCase() ?? null,
    MailingStreet: home?.line.join(', ') ?? null,
    MailingCity: home?.city ?? null,
    MailingState: home?.state ?? null,
    MailingPostalCode: home?.postalCode ?? null,
    Deceased__c: rest.deceasedBoolean === true || rest.deceasedDateTime !== undefined,
    Active__c: rest.active ?? true,
  };
}

/** The Appointment__c that the default map asks for. `contact` is the Id of its person's row. */
export function visitOf(image: unknown, contact: string, zone = 'America/New_York', authority = AUTHORITY): Omit<Row, 'Id'> {
  const { start, end, status, appointmentType, participant } = image as AppointmentImage;
  const display = (type: string) => participant.find(({ actor }) => actor.reference.startsWith(type))?.actor.display ?? null;
  return {
    EHR_Key__c: keyOf(image, authority),
    Contact__c: contact,
    Start__c: wire(start),
    End__c: wire(end),
    Local_Date__c: new Intl.DateTimeFormat('en-CA', { timeZone: zone }).format(Date.parse(start)),
    Status__c: STATUS[status],
    Type__c: appointmentType?.text ?? null,
    Provider__c: display('Practitioner/'),
    Location__c: display('Location/'),
  };
}
