import type { JournalEvent, RecordRef } from '#simulators';
import { patientReference } from '../oracle/chart.ts';
import type { Behaviour, Image, Outcome } from './behaviour.ts';
import { contactOf, decisionElements, decisionOf, keyOf, visitOf } from './by-hand.ts';
import { chartedPatient, rowOf, summaryOf } from './fake-chart.ts';
import { FakeChores } from './fake-chores.ts';
import type { FakeGates } from './fake-gates.ts';
import type { Pending } from './fake-link.ts';
import { readMessage } from './fake-message.ts';
import type { FakeOrg } from './fake-org.ts';
import type { FakeRules } from './fake-rules.ts';
import { AUTHORITY, CLIENT, type JournalBuilder, ORG, SITE } from './journal-builder.ts';
import { NEGATIVE_ACKS } from './setting.ts';

/** All that a Patient or Appointment image is asked for here. */
interface Linked {
  participant?: { actor: { reference: string } }[];
  link?: { type: string; other: { reference: string } }[];
}

/** Ids of the charts to which one is linked in that way. */
const linked = (image: Image | null, how: string): string[] =>
  ((image as Linked | null)?.link ?? []).flatMap(({ type, other }) => (type === how ? [idIn([other.reference])] : []));

const isMerged = (image: Image): boolean => linked(image, 'replaces').length > 0;

/** How the CRM refuses a write. */
const REFUSALS = { outage: 'reset', throttle: 403, 'vendor-error': 503 } as const;

const PREFIXES: Record<string, string> = { Contact: '003', Allergy__c: 'a01', Finding__c: 'a02', Referral__c: 'a03' };

/** What can go wrong with an answer, where if not anywhere, and how it goes out then. */
const READ_TROUBLES = [
  ['vendor-error', 'export-file', 404],
  ['reset', 'export-file', 'reset'],
  ['throttle', 'export-status', 429],
  ['malformed', '', 200],
] as const;

/** What is spoken where only these versions are. */
const PROTOCOLS: Record<string, string> = { '1.0-1.1': 'TLSv1.1', '1.2': 'TLSv1.2', '1.3': 'TLSv1.3' };

const SCOPES = 'system/Patient.read system/Appointment.read';

/** The subject as a model: what it is told leads at once to literal events, as its behaviour says. */
export class FakeSubject {
  /** Lines that it printed. */
  readonly output: string[] = [];
  /** What the EHR puts on a page. */
  pageSize = Number.POSITIVE_INFINITY;
  readonly #b: JournalBuilder;
  readonly #rules: FakeRules;
  readonly #gates: FakeGates;
  readonly #org: FakeOrg;
  readonly #does: Behaviour;
  /** Where its writes to the EHR go. */
  readonly #writeBack: (type: string, id: string, patch: object) => void;
  /** CRM ids by object and key, and the patient of each appointment that it wrote, by key. */
  #rows = new Map<string, string>();
  #visits = new Map<string, string>();
  #visitsOf = new Map<string, Set<string>>();
  /** Consents by the key of their rows. */
  #consents = new Map<string, string>();
  /** The appointment behind each of them. */
  #visitIds = new Map<string, string>();
  #patients = new Set<string>();
  readonly #chores: FakeChores;
  #killed = false;
  #isStalled = false;
  /** Writes to the EHR that wait at its door. */
  #held: (() => void)[] = [];
  /** The call whose answer it waits for and does not get. */
  #waits?: JournalEvent;
  /** Calls that the CRM does not answer, by the key of the row; others need not wait for them. */
  /** Records that were in an answer that it could not have whole. */
  #lost = new Set<string>();
  #hanging = new Map<string, JournalEvent>();
  /** Searches whose answers are kept back on their way, with what they show. */
  #parked: { request: JournalEvent; refs: RecordRef[] }[] = [];
  /** Keys of rows whose write a gate holds. */
  #gated = new Set<string>();
  /** Until when the EHR asked it to be quiet (µs). */
  #quietUntil = 0;
  #hasToken = false;
  #hasNewKey = false;
  #minted = 0;

  constructor(
    b: JournalBuilder,
    rules: FakeRules,
    gates: FakeGates,
    org: FakeOrg,
    does: Behaviour,
    writeBack: (type: string, id: string, patch: object) => void,
  ) {
    this.#b = b;
    this.#gates = gates;
    this.#org = org;
    this.#rules = rules;
    this.#does = does;
    this.#writeBack = writeBack;
    const { waits = (attempts) => Math.min(60_000, 1_000 * 2 ** (attempts - 1)), catchesUp: keeps = true } = does;
    this.#chores = new FakeChores({ now: () => b.micros, wait: waits, keeps });
  }

  get isDown(): boolean {
    return this.#killed || this.#waits !== undefined;
  }

  /** A message arrives for the so manieth time. Returns its answer. */
  take({ type, act, records, text }: Pending, copy: number): Outcome {
    const { ack = () => 'positive', takes = () => true, refuses, later } = this.#does;
    const given = act === 'given' ? readMessage(text) : undefined;
    const mistaken = given?.mistake && (NEGATIVE_ACKS[given.mistake] === 'AE' ? 'error' : 'reject');
    const standard = given?.isForeign ? 'reject' : mistaken;
    const refusal = given && (refuses ? refuses(given.mistake, text) : standard);
    if (takes(type) && !refusal) {
      const work = () => {
        const key = `${AUTHORITY}|${given?.mrn ?? 'UNKNOWN'}`;
        if (given) this.#chores.try(key, () => this.#write('Contact', key, given.fields, act));
        else for (const ref of records) this.#chores.try(ref.id, () => this.#apply(ref, act));
      };
      const ms = later?.(type) ?? 0;
      if (ms > 0) this.#chores.after(ms, work);
      else work();
    }
    return refusal ?? ack(type, copy);
  }

  /** A search that shows the newest versions of some records, page by page. */
  poll(refs: RecordRef[]): void {
    const had = refs.filter(({ id }) => !this.#lost.has(id));
    const size = Math.min(this.pageSize, had.length);
    for (let at = 0; at < had.length; at += size) {
      this.#read(had.slice(at, at + size));
      if (this.#does.turnsPages === false) return;
    }
  }

  /** Writes the row of a patient as it is. */
  rewrite({ type, id }: RecordRef): void {
    const key = keyOf(this.#b.image(type, id));
    const row = this.#rows.get(`Contact ${key}`);
    if (row) this.#b.crm('Contact', row, { EHR_Key__c: key });
  }

  #read(refs: RecordRef[]): void {
    if (this.#does.polls === false || this.isDown || refs.length === 0) return;
    if (this.#does.heeds !== false && this.#b.micros < this.#quietUntil) return;
    if (!this.#connects('ehr')) return;
    const { scopes = SCOPES } = this.#does;
    const data = { scope: SCOPES, requestedScope: scopes };
    if (!this.#hasToken) this.#b.add({ sim: 'ehr', tenant: SITE, kind: 'token', actor: CLIENT, data });
    this.#hasToken = true;
    const request = this.#b.request('ehr', 'GET', `/Patient?_id=${refs.map(({ id }) => id).join()}`);
    if (this.#rules.hit('outage', 'ehr', { request })) {
      this.#b.reply(request, 'reset');
      return;
    }
    if (this.#isLockedOut) {
      this.#b.reply(request, 401);
      return;
    }
    const patients = refs.filter(({ type }) => type === 'Patient').map(({ id }) => keyOf(this.#b.image('Patient', id)));
    if (this.#rules.hit('gate', 'ehr', { operation: 'read', text: patients.join(), request, hook: 'reply' })) {
      this.#parked.push({ request, refs });
      return;
    }
    if (this.#rules.stands('scope-withdrawn')) {
      this.#b.reply(request, 403);
      this.#tell('403: may not read patients');
      for (const { type, id } of this.#does.wipes ? refs : [])
        if (type === 'Patient') this.#write('Contact', keyOf(this.#b.image('Patient', id)), { Email: null }, 'poll');
      return;
    }
    if (this.#rules.stands('short-tokens')) {
      if (this.#does.renews === false) {
        this.#b.reply(request, 401);
        return;
      }
      this.#b.add({ sim: 'ehr', tenant: SITE, kind: 'token', actor: CLIENT, data });
      this.#rules.hit('slow-body', 'ehr', { request, text: refs.map(({ id }) => id).join() });
    }
    const [renamed, removed] = [this.#rules.stands('element-renamed'), this.#rules.stands('element-removed')];
    if (renamed || removed) {
      this.#tell(`no chart shows ${(renamed ?? removed)!.params?.element}`);
      for (const { type, id } of this.#does.wipes ? refs : [])
        if (type === 'Patient') this.#write('Contact', keyOf(this.#b.image('Patient', id)), { Email: null }, 'poll');
      this.#b.reply(request, 200, refs);
      return;
    }
    const throttle = this.#rules.hit('throttle', 'ehr', { request });
    if (throttle) {
      this.#b.reply(request, 429);
      this.#quietUntil = this.#b.micros + Number(throttle.params?.retryAfter ?? 1) * 1e6;
      return;
    }
    for (const [fault, operation, answer] of READ_TROUBLES) {
      if (!this.#rules.hit(fault, 'ehr', { operation, request })) continue;
      this.#b.reply(request, answer);
      if (this.#does.losesFiles) for (const { id } of refs) this.#lost.add(id);
      return;
    }
    // The answer is kept back for no time: what counts is that it was asked for.
    this.#rules.hit('gate', 'ehr', { operation: 'export-file', request, hook: 'request' });
    const refused = this.#rules.hit('vendor-error', 'ehr', { request, text: this.#charts(refs) });
    const seen = refused ? refs.filter(({ type }) => type !== 'Encounter') : refs;
    if (refused && this.#does.needsAll) {
      this.#b.reply(request, 403);
      return;
    }
    this.#b.reply(request, 200, seen);
    for (const ref of seen) this.#chores.try(ref.id, () => this.#apply(ref, 'poll'));
  }

  // Whether it speaks to a system that offers over TLS what that offers now.
  #connects(sim: 'ehr' | 'crm'): boolean {
    const offer = this.#rules.offer(sim);
    if (offer === undefined) return true;
    const { accepts = ['1.2', '1.3'], newest = 'TLSv1.3' } = this.#does;
    const taken = offer === null || accepts.includes(offer);
    this.#b.handshake(sim, taken, PROTOCOLS[offer ?? ''] ?? newest, offer);
    return taken;
  }

  #tell(line: string): void {
    if (this.#does.tells !== false) this.output.push(line);
  }

  // Whose charts a search asks for.
  #charts(refs: readonly RecordRef[]): string {
    const ids = refs.map((ref) => chartedPatient(ref, this.#b.image(ref.type, ref.id)) ?? '');
    // Who needs every resource asks for the visits of each patient before anything else.
    return [...ids, ...(this.#does.needsAll ? refs.map(({ id }) => id) : [])].join();
  }

  /** A user edited a row. */
  edited(object: string, id: string, fields: Image): void {
    if (this.#does.polls === false) return;
    const work = () =>
      this.#chores.try(id, () => {
        if (this.isDown) return false;
        this.#resolve(object, id, fields);
        return true;
      });
    const { editsAfter = 0 } = this.#does;
    if (editsAfter > 0) this.#chores.after(editsAfter, work);
    else work();
  }

  /** When it has something to do next (µs). */
  get nextDue(): number {
    return this.isDown ? Number.POSITIVE_INFINITY : this.#chores.nextDue;
  }

  /** Does what is due. */
  tick(): void {
    this.#chores.run();
  }

  /** Somebody is back: does what could not be done before. */
  catchUp(): void {
    this.#letGo();
    for (const write of this.#held.splice(0)) write();
    for (const { request, refs } of this.#parked.splice(0)) {
      this.#b.reply(request, 200, refs);
      for (const ref of refs) this.#chores.try(ref.id, () => this.#apply(ref, 'poll'));
    }
    this.#chores.run(true);
  }

  kill(): void {
    this.#killed = true;
    this.#chores.crash();
    this.#letGo();
    if (this.#waits) this.#b.reply(this.#waits, 'reset');
    this.#waits = undefined;
  }

  #letGo(): void {
    for (const request of this.#hanging.values()) this.#b.reply(request, 'reset');
    this.#hanging.clear();
  }

  revive(): void {
    this.#killed = false;
  }

  /** It is given the credentials that are taken now. */
  reconfigure(): void {
    if (!this.#does.hardCoded) this.#hasNewKey = this.#rules.stands('client-rotated') !== undefined;
  }

  // Whether nothing takes its credentials.
  get #isLockedOut(): boolean {
    return this.#hasNewKey !== (this.#rules.stands('client-rotated') !== undefined);
  }

  // Writes the newest image of a record, whatever told of it, unless what arrives last counts.
  #apply(ref: RecordRef, act: string): boolean {
    const image = this.#does.lastWins ? this.#b.imageOf(ref) : this.#b.image(ref.type, ref.id)!;
    if (this.#does.reads?.(image) === false) return true;
    if (ref.type === 'Consent') {
      const { reference } = (image as unknown as { patient: { reference: string } }).patient;
      const key = keyOf(image);
      this.#consents.set(key, ref.id);
      return this.#write('Communication_Consent__c', key, decisionOf(image, this.#contactOf(idIn([reference]))), act);
    }
    if (ref.type !== 'Patient' && ref.type !== 'Appointment') return this.#applyChart(ref, image, act);
    const key = keyOf(image);
    if (ref.type === 'Patient') {
      this.#patients.add(ref.id);
      const summary = isMerged(image) ? summaryOf(this.#chartOf(ref.id)) : {};
      const merging = isMerged(image) || linked(image, 'replaced-by').length > 0;
      const visits = merging ? this.#visits.keys() : (this.#visitsOf.get(ref.id) ?? []);
      return this.#write('Contact', key, { ...contactOf(image), ...summary }, act) && this.#relink(visits);
    }
    const patientId = idIn((image as Linked).participant?.map(({ actor }) => actor.reference));
    this.#visits.set(key, patientId);
    this.#visitsOf.set(patientId, (this.#visitsOf.get(patientId) ?? new Set()).add(key));
    this.#visitIds.set(key, ref.id);
    return this.#write('Appointment__c', key, visitOf(image, this.#contactOf(patientId)), act);
  }

  // What the whole chart makes of the contact, and the record's own row.
  #applyChart(ref: RecordRef, image: Image, act: string): boolean {
    const patientId = this.#inUse(chartedPatient(ref, image) ?? '');
    const own = this.#chartOf(patientId);
    const about = keyOf(this.#b.image('Patient', patientId));
    if (!this.#write('Contact', about, this.#does.summary?.(own, image) ?? summaryOf(own), act)) return false;
    const row = rowOf(image);
    if (!row) return true;
    const id = this.#rows.get(`${row.object} ${row.key}`);
    if (row.fields) return this.#write(row.object, row.key, { ...row.fields, Contact__c: this.#contactOf(patientId) }, act);
    if (id && this.#b.image(row.object, id)?.IsDeleted === false && !this.#does.keepsMistakes) this.#b.crm(row.object, id, null);
    return true;
  }

  // Appointments that came before their person, or whose person was merged into another.
  #relink(visits: Iterable<string>): boolean {
    return [...visits].every((key) => {
      const patientId = this.#visits.get(key)!;
      const id = this.#rows.get(`Appointment__c ${key}`);
      const contact = this.#contactOf(patientId);
      if (!id || this.#b.image('Appointment__c', id)!.Contact__c === contact) return true;
      return this.#write('Appointment__c', key, { Contact__c: contact }, 'relink');
    });
  }

  // The patient, or whoever took that patient's things over.
  #inUse(patientId: string): string {
    const survivor = linked(this.#b.image('Patient', patientId), 'replaced-by')[0];
    return survivor ? this.#inUse(survivor) : patientId;
  }

  // All that is recorded of a patient, also in charts that were merged into this one.
  #chartOf(patientId: string): Image[] {
    const own = [patientId, ...linked(this.#b.image('Patient', patientId), 'replaces')].map((id) => `Patient/${id}`);
    return this.#b.images().filter((one) => own.includes(patientReference(one) ?? ''));
  }

  #contactOf(anybody: string): string {
    const patientId = this.#inUse(anybody);
    const image = this.#b.image('Patient', patientId);
    return (image && this.#rows.get(`Contact ${keyOf(image)}`)) ?? '';
  }

  // False when the CRM did not take it.
  #write(object: string, about: string, wanted: Image, act: string): boolean {
    const fields = this.#does.write ? this.#does.write(object, wanted, act) : wanted;
    if (!fields || this.isDown) return !this.isDown;
    const key = String(fields.EHR_Key__c ?? about);
    if (this.#hanging.has(key) || this.#gated.has(key) || (this.#does.oneAtATime && this.#hanging.size > 0)) return false;
    const known = this.#rows.get(`${object} ${key}`);
    const anew = !known || (this.#does.creates?.(object, act) ?? false);
    const held: Image = anew ? {} : this.#b.image(object, known)!;
    const changed = Object.fromEntries(
      Object.entries({ EHR_Key__c: key, ...fields }).filter(
        ([name, value]) => value !== undefined && (held[name] ?? null) !== value,
      ),
    );
    if (Object.keys(changed).length === 0 && !this.#does.rewrites) return true;
    // That something in the chart changed is not for everybody to see.
    const isSummary = object === 'Contact' && !('EHR_Key__c' in fields);
    if (Object.keys(changed).length > 0 && !isSummary) Object.assign(changed, this.#stamps(held));
    if (!this.#connects('crm')) return false;
    if (this.#does.asks) this.#b.reply(this.#b.request('crm', 'GET', this.#does.asks(fields)), 200);
    const request = this.#upsert(object, key, changed);
    const hit = (fault: string) => this.#rules.hit(fault, 'crm', { operation: 'upsert', text: key, request });
    for (const [fault, answer] of Object.entries(REFUSALS)) {
      if (!hit(fault)) continue;
      this.#b.reply(request, answer);
      this.output.push(this.#does.prints?.(fields) ?? `the CRM answered ${answer}: later once more`);
      return false;
    }
    if (this.#isLockedOut) {
      this.#b.reply(request, 401);
      return false;
    }
    if (hit('hang')) {
      this.#hanging.set(key, request);
      return false;
    }
    const why = this.#org.refuses(object, anew ? undefined : known, changed);
    if (why) {
      this.#b.reply(request, 400);
      if (why !== 'locked' && this.#does.reports !== false) this.output.push(`not written: ${why}`);
      // What is locked now can be had later; what does not fit will not fit the next time either.
      return why !== 'locked';
    }
    const commit = () => this.#commit({ object, key, anew, known, changed, request });
    if (!this.#gates.park('before-commit', request, object, key, () => this.#goOn(key, commit))) commit();
    else this.#gated.add(key);
    return true;
  }

  // Here nothing takes time: what is changed is read at once.
  #stamps(held: Image): Image {
    const now = this.#b.wall;
    const stamps: Image = { EHR_Source__c: SITE, EHR_Read_At__c: now, EHR_Updated_At__c: now };
    return this.#does.stamps?.(stamps, held) ?? stamps;
  }

  // What it did not write while the row was held, it writes now.
  #goOn(key: string, work: () => void): void {
    this.#gated.delete(key);
    work();
    this.#relink(this.#visits.keys());
    this.#chores.run(true);
  }

  #commit(write: { object: string; key: string; anew: boolean; known?: string; changed: Image; request: JournalEvent }): void {
    const { object, key, anew, known, changed } = write;
    let { request } = write;
    const hit = (fault: string, hook?: string) =>
      this.#rules.hit(fault, 'crm', { operation: 'upsert', text: key, request, ...(hook && { hook }) });
    if (anew && object === 'Contact') this.#meetLeads(changed);
    const id = anew ? this.#mint(object) : known!;
    this.#rows.set(`${object} ${key}`, id);
    this.#b.crm(object, id, changed);
    if (hit('gate', 'after-commit')) {
      this.#waits = request;
      return;
    }
    const isLost = hit('lost-reply');
    if (isLost || hit('late-commit')) {
      this.#b.reply(request, isLost ? 'reset' : 'gone');
      request = this.#upsert(object, key, changed);
      if (this.#does.creates?.(object, 'retry')) this.#b.crm(object, this.#mint(object), changed);
    }
    const answer = () => void this.#b.reply(request, 200);
    if (this.#gates.park('reply', request, object, key, () => this.#goOn(key, answer))) this.#gated.add(key);
    else answer();
  }

  #upsert(object: string, key: string, fields: Image): JournalEvent {
    return this.#b.request('crm', 'PATCH', `/sobjects/${object}/EHR_Key__c/${encodeURIComponent(key)}`, fields);
  }

  #meetLeads(fields: Image): void {
    const { leads } = this.#does;
    for (const lead of leads ? this.#b.rows('Lead') : [])
      if (lead.Email === fields.Email) this.#b.crm('Lead', String(lead.Id), leads!(fields));
  }

  #mint(object: string): string {
    const prefix = PREFIXES[object] ?? 'a00';
    return `${prefix}${this.#b.cohort.replace(/\W/g, '').slice(0, 4)}${String(++this.#minted).padStart(8, '0')}AAA`;
  }

  #resolve(object: string, id: string, fields: Image): void {
    this.#b.reply(this.#b.request('crm', 'GET', '/query?q=SELECT'), 200, [{ ...this.#b.ref(object, id), tenant: ORG }]);
    if (object === 'Communication_Consent__c') {
      this.#resolveDecision(id, fields);
      return;
    }
    const own = (name: string) => name === 'Preferred_Language__c' || name === 'Note__c';
    const names = Object.keys(fields);
    const standard = { revert: names.filter((name) => !own(name)), writeBack: names.filter(own) };
    const { revert, writeBack } = this.#does.edit?.(fields) ?? standard;
    const [visitKey] = [...this.#visits.keys()].filter((key) => this.#rows.get(`Appointment__c ${key}`) === id);
    const visitId = visitKey && this.#visitIds.get(visitKey);
    const patientId = visitKey ? this.#visits.get(visitKey)! : [...this.#patients].find((one) => this.#contactOf(one) === id)!;
    if (revert.length > 0) {
      const own = this.#b.images().filter((one) => patientReference(one) === `Patient/${patientId}`);
      const patient = this.#b.image('Patient', patientId);
      const right: Image = visitId
        ? visitOf(this.#b.image('Appointment', visitId), this.#contactOf(patientId))
        : { Preferred_Language__c: null, ...summaryOf(own), ...contactOf(patient) };
      this.#b.crm(object, id, Object.fromEntries(revert.map((name) => [name, right[name]])));
    }
    for (const name of writeBack) {
      if (this.#isRefused(patientId, id)) continue;
      if (visitId) {
        this.#writeBack('Appointment', visitId, { comment: fields[name] });
        continue;
      }
      const language = { coding: [{ system: 'urn:ietf:bcp:47', code: fields[name] }] };
      const merged = () => {
        type Speaker = { communication?: { preferred?: boolean }[] };
        const { communication = [] } = this.#b.image<Speaker>('Patient', patientId)!;
        return own(name)
          ? { communication: [{ language, preferred: true }, ...communication.filter(({ preferred }) => !preferred)] }
          : { telecom: [{ system: 'phone', use: 'mobile', value: String(fields[name]) }] };
      };
      const read = merged();
      const write = () => this.#writeBack('Patient', patientId, this.#does.staleWrites ? read : merged());
      if (this.#rules.hit('gate', 'ehr', { operation: 'patch', text: patientId, hook: 'request' })) this.#held.push(write);
      else write();
    }
  }

  // Whether the EHR takes nothing about a patient; then the row says so.
  #isRefused(patientId: string, id: string): boolean {
    const { attempts = 2, marks = true, stalls = false } = this.#does;
    if (this.#isStalled) return true;
    const mrn = keyOf(this.#b.image('Patient', patientId)).split('|')[1]!;
    const refuses = () => this.#rules.hit('vendor-error', 'hl7', { text: mrn }) !== undefined;
    if (!refuses()) return false;
    for (let n = 1; n < attempts; n++) refuses();
    this.#isStalled = stalls;
    if (marks) this.#b.crm('Contact', id, { Write_Back_Error__c: 'refused' });
    return true;
  }

  // The later decision counts, wherever it was taken.
  #resolveDecision(id: string, fields: Image): void {
    const [key] = [...this.#consents.keys()].filter((one) => this.#rows.get(`Communication_Consent__c ${one}`) === id);
    const consentId = this.#consents.get(key!)!;
    const image = this.#b.image<{ dateTime: string }>('Consent', consentId)!;
    const names = Object.keys(fields);
    const isLater = Date.parse(String(fields.Captured__c)) > Date.parse(image.dateTime);
    const standard = isLater ? { revert: [], writeBack: names } : { revert: names, writeBack: [] };
    const { revert, writeBack } = this.#does.edit?.(fields) ?? standard;
    const row = this.#b.image('Communication_Consent__c', id)!;
    if (writeBack.length > 0) this.#writeBack('Consent', consentId, decisionElements(row, image));
    const right: Image = decisionOf(image, String(row.Contact__c));
    if (revert.length > 0)
      this.#b.crm('Communication_Consent__c', id, Object.fromEntries(revert.map((name) => [name, right[name]])));
  }
}

/** The id of the first patient among references. */
export function idIn(references: string[] = []): string {
  return references.find((reference) => reference.startsWith('Patient/'))!.slice('Patient/'.length);
}
