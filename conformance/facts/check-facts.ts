import { findCanaries } from '#fixtures';
import { fail, untestable } from '../check.ts';
import { INVARIANTS } from '../invariants.ts';
import type { MapRow } from '../map/map.ts';
import { provenanceOf } from '../oracle/transforms.ts';
import type { EventId, Finding, InvariantResult } from '../result.ts';
import type { LaneRecord } from '../schedule/file.ts';
import { sayStrength, strengthOf } from '../schedule/strength.ts';
import { marksIn } from '../secrets/secrets.ts';
import { AlertFacts } from './alert-facts.ts';
import { AuditFacts } from './audit-facts.ts';
import { CrmFacts } from './crm-facts.ts';
import type { Evidence } from './evidence.ts';
import { type CheckLog, type History, imageAt, type LinkMessage, type Resource, type Row, type Version } from './facts.ts';
import { type LatencySummary, latencySamples, summarise } from './latency.ts';
import { LoadFacts } from './load-facts.ts';
import { ProvenanceFacts } from './provenance-facts.ts';
import { changedFields } from './row-changes.ts';
import { type Offered, offered } from './tls-facts.ts';

/** How long a call may have been on its way when a 429 went out (a loaded machine is slow to hand it over), and what two clocks of one host may differ by; in µs. */
const UNDER_WAY_US = 400_000;
const CLOCK_US = 50_000;

/** What a check's `expect` may look at: the journal, seen through the check's own names and marks. */
export class CheckFacts {
  readonly cohort: string;
  /** What the CRM's jobs sent, whom it refused, what became of leads. */
  readonly crm: CrmFacts;
  /** How it told its operator that something is wrong. */
  readonly alerts: AlertFacts;
  /** What was offered at a steady rate, and how long it took. */
  readonly load: LoadFacts;
  /** What its audit trail says. */
  readonly audit: AuditFacts;
  /** Where the rows say that they are from. */
  readonly provenance: ProvenanceFacts;
  readonly #evidence: Evidence;
  readonly #log: CheckLog;

  constructor(evidence: Evidence, cohort: string, log: CheckLog) {
    this.cohort = cohort;
    this.#evidence = evidence;
    this.#log = log;
    this.crm = new CrmFacts(evidence, cohort, log);
    this.alerts = new AlertFacts(evidence, log);
    this.audit = new AuditFacts(evidence, cohort, log);
    this.provenance = new ProvenanceFacts(evidence, cohort, log);
    this.load = new LoadFacts(evidence, cohort, log);
  }

  /** Untestable where the subject could not be told to reconcile, though it says that it can. */
  reconciled(): Finding[] {
    const why = this.note<string>('reconcile hook');
    return why === undefined ? [] : [untestable('hook-failed', `The subject was to reconcile, and ${why}.`)];
  }

  /** What `act` noted under that key. */
  note<T>(key: string): T | undefined {
    return this.#log.notes.get(key) as T | undefined;
  }

  /** When a mark was set (µs); the end of all time for one that never was, so that the newest state is judged. */
  at(label: string): number {
    return this.#log.marks.get(label)?.at ?? Number.POSITIVE_INFINITY;
  }

  /**
   * What differs, at that mark, between the CRM and what the map asks for all people of this check. Never empty unless
   * the check came that far, and the world came to rest with everything read.
   */
  asMapped(label: string): Finding[] {
    const mark = this.#log.marks.get(label);
    if (!mark) return [untestable('not-reached', `The check did not come to "${label}".`)];
    if (this.#evidence.facts.truthOf(this.cohort).length === 0)
      return [untestable('nothing-done', 'Nothing was ever committed in the EHR for this check.')];
    const found = this.#named(this.#evidence.asMapped(this.cohort, mark.at));
    if (mark.by === 'never-settled')
      found.push(
        fail('never-settled', 'The state still changed four sync windows after the last stimulus.', {
          expected: 'rest',
          actual: this.#busiest(mark.at),
          evidence: [mark.event],
        }),
      );
    // Where the systems are as they should be, a record that one channel did not show is no harm, as long as that channel is
    // read at all; one that is declared and never read is absent.
    const unread = mark.owed.filter((one) => !this.#isReadOtherwise(one));
    if (found.length === 0 && unread.length > 0) {
      const owed = unread.join(', ');
      found.push(
        fail('not-read', `The subject did not read all inside the sync window: ${owed}.`, {
          actual: owed,
          evidence: [mark.event],
        }),
      );
    }
    return found;
  }

  // Says of whose record each finding is, by the name that the check gave it. A check of a thousand people may find as much.
  #named(found: Finding[]): Finding[] {
    if (found.length === 0) return found;
    const names = new Map<EventId, string>();
    for (const key of this.#log.notes.keys())
      if (key.startsWith('record '))
        for (const { event } of this.record(key.slice(7))?.versions ?? []) if (!names.has(event)) names.set(event, key.slice(7));
    return found.map((finding) => {
      const sub = names.get(finding.evidence[0] ?? '');
      return sub === undefined ? finding : { ...finding, sub };
    });
  }

  // The CRM record that was written most, where anybody wrote one.
  #busiest(at: number): string | undefined {
    const [most] = this.#evidence.facts
      .crmOf(this.cohort)
      .map(({ type, versions }) => ({ type, id: versions[0]?.ref.id, times: versions.filter((one) => one.at <= at).length }))
      .sort((a, b) => b.times - a.times);
    return most && `${most.type}/${most.id} written ${most.times} times`;
  }

  #isReadOtherwise(owed: string): boolean {
    const channel = / on (hl7|poll|bulk|changed|subscription)$/.exec(owed)?.[1];
    const site = this.cohort.slice(this.cohort.indexOf('/') + 1);
    return channel !== undefined && this.#evidence.facts.reads(`${site}/${channel}`);
  }

  record(name: string): History<Resource> | undefined {
    const ref = this.note<{ sim: string; tenant: string; type: string; id: string }>(`record ${name}`);
    return ref && this.#evidence.facts.truth.get(`${ref.sim}/${ref.tenant}/${ref.type}/${ref.id}`);
  }

  /** What the EHR held of a record at a mark. */
  imageOf(name: string, label: string): Resource | null {
    return imageAt(this.record(name), this.at(label));
  }

  /** The CRM rows that carry a record's key at a mark. */
  rows(name: string, label: string): Row[] {
    const history = this.record(name);
    return history ? this.#evidence.rowsFor(history, this.at(label)).map((row) => imageAt(row, this.at(label)) as Row) : [];
  }

  /** The same check's records of that name at other sites, with what the map asks for there and what the CRM holds. */
  elsewhere(name: string, label: string): { site: string; expected: Map<string, string>; row: Row }[] {
    const [check, own] = this.cohort.split('/') as [string, string];
    return this.#evidence.sitesOf(check).flatMap((site) => {
      const log = this.#evidence.facts.checks.get(`${check}/${site}`);
      if (site === own || !log) return [];
      return new CheckFacts(this.#evidence, `${check}/${site}`, log).asked(name, label).map((asked) => ({ site, ...asked }));
    });
  }

  /** What the map asks of the rows of a record at a mark, by field, as text; and the rows as they were. */
  asked(name: string, label: string): { expected: Map<string, string>; row: Row }[] {
    const history = this.record(name);
    return history ? this.#evidence.asked(history, this.at(label)) : [];
  }

  /** Findings for values of a record that the map wants in one form (`e164`) and that are right, but in another. */
  inForm(name: string, label: string, transform: string, form: RegExp): Finding[] {
    const [row] = this.rows(name, label);
    return this.#evidence
      .rowsOfMap(this.record(name)?.type ?? '')
      .filter((one) => one.transform === transform && row?.[one.field] != null && !form.test(String(row[one.field])))
      .map((one) =>
        fail('other-form', `${one.object}.${one.field} is not in the form that the map asks for (${transform}).`, {
          row: one.id,
          expected: String(form),
          actual: String(row?.[one.field]),
        }),
      );
  }

  /** The live CRM rows of this check's people that stem from a resource type. */
  liveRows(type: string, label: string): Row[] {
    return this.#evidence.liveRows(this.cohort, type, this.at(label));
  }

  /** CRM fields that the map fills, for the object of a record, from FHIR paths that begin so. */
  mappedFields(name: string, path: string): string[] {
    const type = this.record(name)?.type ?? '';
    return this.#evidence.rowsOfMap(type).flatMap((row) => (row.source.includes(path) ? [row.field] : []));
  }

  /** Whether a CRM field belongs to the CRM itself or to the sync's own bookkeeping. */
  isBookkeeping(name: string, field: string): boolean {
    return this.#evidence.isBookkeeping(this.record(name)?.type ?? '', field);
  }

  /** Writes to the EHR that did not come from the clinic, since a mark. */
  ehrWrites(since: string): Version<Resource>[] {
    return this.#evidence.facts
      .truthOf(this.cohort)
      .flatMap((history) => history.versions)
      .filter((version) => version.at > this.at(since) && !version.actor.startsWith('user:'));
  }

  /** Messages that the subject sent to the hospital about people of this check since a mark, whether they changed anything or not; copies count once. */
  messagesToEhr(since: string): EventId[] {
    const sent = this.#evidence.facts.received.filter(({ cohort, at }) => cohort === this.cohort && at > this.at(since));
    return [...new Map(sent.map(({ control, event }) => [control, event])).values()];
  }

  /**
   * Findings for elements of a record that the subject's own writes changed between two marks although no CRM-owned row of the
   * map names them; what the clinic changed meanwhile is not the subject's doing.
   */
  otherElementsChanged(name: string, from: string, to: string): Finding[] {
    const { type = '', versions = [] } = this.record(name) ?? {};
    const owned = this.#evidence.rowsOfMap(type).filter((row) => row.owner === 'crm');
    return versions.flatMap(({ at, actor, image, event }, i) => {
      if (actor.startsWith('user:') || at <= this.at(from) || at > this.at(to)) return [];
      const [before, after] = [versions[i - 1]?.image ?? ({} as Resource), image ?? ({} as Resource)];
      return Object.keys({ ...before, ...after })
        .filter((element) => element !== 'meta' && !owned.some((row) => row.source.includes(`.${element}`)))
        .filter((element) => JSON.stringify(before[element]) !== JSON.stringify(after[element]))
        .map((element) =>
          fail('collateral-change', `The write-back changed ${type}.${element} in the EHR too.`, {
            expected: JSON.stringify(before[element]),
            actual: JSON.stringify(after[element]),
            evidence: [event],
          }),
        );
    });
  }

  /** The messages on the link that carry a record, in the order of sending. */
  messagesOf(name: string): LinkMessage[] {
    const id = this.record(name)?.versions[0]?.ref.id ?? '';
    return [...this.#evidence.facts.messagesOf(id)].sort((a, b) => (a.sent[0]?.at ?? Infinity) - (b.sent[0]?.at ?? Infinity));
  }

  /** The fields in which two noted views of a row differ, the CRM's own bookkeeping left out. */
  shownOtherwise(before: string, after: string): string[] {
    const view = (label: string) => this.note<Record<string, unknown> | null>(`seen ${label}`);
    return changedFields(view(before), view(after));
  }

  /** Untestable unless the map asks for something else at a mark than it did at one before: else nothing was at stake. */
  asksOtherwise(from: string, to: string): Finding[] {
    if (this.#evidence.asksOtherwise(this.cohort, this.at(from), this.at(to))) return [];
    return [
      untestable('did-not-bite', `The map asks for the same at "${to}" as at "${from}": it takes nothing from what was done.`),
    ];
  }

  /** How often the subject gave the CRM row of a record another value in a field that the map works out of a type of the chart. */
  summaryChanges(name: string, type: string, since: string): Map<string, Version<Row>[]> {
    const fields = this.mappedFields(name, `%chart.${type}`);
    const history = this.record(name);
    const changes = new Map<string, Version<Row>[]>();
    for (const { versions } of history ? this.#evidence.everRowsFor(history) : [])
      versions.forEach((version, i) => {
        if (version.at <= this.at(since) || !version.actor.startsWith('client:')) return;
        for (const field of changedFields(versions[i - 1]?.image, version.image))
          if (fields.includes(field)) changes.set(field, [...(changes.get(field) ?? []), version]);
      });
    return changes;
  }

  /** Untestable unless one of the named rules hit something. */
  didBite(...rules: string[]): Finding[] {
    const ids = rules.map((rule) => this.note<string>(`rule ${rule}`));
    if (this.#evidence.facts.fired.some((fired) => ids.includes(fired.rule))) return [];
    return [untestable('did-not-bite', `What was to go wrong (${rules.join(', ')}) never met a call of the subject.`)];
  }

  /** What came over TLS in the time of this check to a system that offered that, or the usual when nothing is given. */
  offered(sim: string, offer?: string): Offered {
    const site = this.cohort.slice(this.cohort.indexOf('/') + 1);
    const { begunAt, endedAt = Number.POSITIVE_INFINITY } = this.#log;
    return offered(this.#evidence.facts.tls, { sim, site }, offer, [begunAt, endedAt]);
  }

  /** The schedules that were explored. */
  get schedules(): LaneRecord[] {
    return [...this.#log.notes].flatMap(([key, value]) => (key.startsWith('schedule ') ? [value as LaneRecord] : []));
  }

  /** Untestable unless so many schedules were explored in which something was chosen. */
  wereExplored(wanted: number): Finding[] {
    const { schedules } = strengthOf(this.schedules);
    if (schedules >= wanted) return [];
    return [
      untestable(
        'did-not-bite',
        `In ${schedules} of ${wanted} schedules only there was a choice: the subject's calls met nothing.`,
      ),
    ];
  }

  /** How much the schedules show. */
  get strength(): string {
    return sayStrength(strengthOf(this.schedules));
  }

  /** What breaks the named invariants about this check's people. */
  invariants(...ids: InvariantResult['id'][]): Finding[] {
    return INVARIANTS.filter(({ id }) => ids.includes(id)).flatMap((one) => one.judge(this.#evidence, this.cohort));
  }

  /** Untestable unless the subject hung up on a call that one of the named rules hit. */
  clientGaveUp(...rules: string[]): Finding[] {
    const ids = rules.map((rule) => this.note<string>(`rule ${rule}`));
    if (ids.some((id) => id && this.#evidence.facts.hungUpOn(id))) return [];
    return [untestable('did-not-bite', 'The subject waited longer than it says (promises.http_timeout): nothing was in doubt.')];
  }

  /** Untestable unless a CRM user changed a row of the record after a mark. */
  wasEdited(name: string, since: string): Finding[] {
    const history = this.record(name);
    const rows = history ? this.#evidence.everRowsFor(history) : [];
    const edited = rows.some((row) => row.versions.some((v) => v.actor.startsWith('user:') && v.at > this.at(since)));
    return edited ? [] : [untestable('no-edit', 'No CRM user could edit a field with that owner.')];
  }

  /** By which rule the map settles conflicts about what is read from a path of a record's type. */
  conflictRule(name: string, path: string): string | undefined {
    return this.#evidence.rowsOfMap(this.record(name)?.type ?? '').find(({ source }) => source.includes(path))?.conflict;
  }

  /** Findings for fields that both systems own and in which they differ about a record at a mark. */
  splitBrain(name: string, label: string): Finding[] {
    const history = this.record(name);
    return history ? this.#evidence.split(history, this.at(label)) : [];
  }

  /** What CRM users did to the rows of a record. */
  editsOf(name: string): EventId[] {
    const history = this.record(name);
    const versions = (history ? this.#evidence.everRowsFor(history) : []).flatMap((row) => row.versions);
    return versions.filter(({ actor }) => actor.startsWith('user:')).map(({ event }) => event);
  }

  /** Whether the map gives the subject a field of its own in the rows of a record. */
  hasOwnField(name: string): boolean {
    return this.#ownRows(name).length > 0;
  }

  /** The fields of its own (`owner: sync`) in which the row of a record is other at one mark than at another. */
  ownFieldsChanged(name: string, from: string, to: string): string[] {
    const [before] = this.rows(name, from);
    const [after] = this.rows(name, to);
    return this.#ownRows(name)
      .filter(({ field }) => (before?.[field] ?? null) !== (after?.[field] ?? null))
      .map(({ field }) => field);
  }

  // Where a record is from changes with each of its changes, and marks nothing.
  #ownRows(name: string): MapRow[] {
    const rows = this.#evidence.rowsOfMap(this.record(name)?.type ?? '');
    return rows.filter(({ owner, transform }) => owner === 'sync' && !provenanceOf(transform));
  }

  /** Untestable unless several copies of the first message about a record, or of a notification of it, were out before one of them was answered. */
  wereAtOnce(name: string): Finding[] {
    const [message] = this.messagesOf(name);
    const answered = Math.min(...(message?.acks ?? []).map(({ at }) => at), Number.POSITIVE_INFINITY);
    if ((message?.sent ?? []).filter(({ at }) => at < answered).length > 1) return [];
    if (this.#evidence.facts.cameAtOnce(this.record(name)?.key ?? '')) return [];
    return [untestable('did-not-bite', `No two copies of what is pushed about "${name}" were under way at the same time.`)];
  }

  /** Untestable where one reply of the EHR showed all these records together. */
  wereOnPages(names: readonly string[]): Finding[] {
    const site = this.cohort.slice(this.cohort.indexOf('/') + 1);
    const shown = names.map((name) => {
      const first = this.record(name)?.versions[0]?.ref;
      return first && this.#evidence.facts.servedAt(first, `${site}/poll`);
    });
    if (shown.some((at) => at === undefined) || new Set(shown).size > 1) return [];
    return [untestable('did-not-bite', 'One reply showed all of them: no second page was needed.')];
  }

  /** Untestable unless two messages about a record arrived against the order of their commits. */
  arrivedInReverse(name: string): Finding[] {
    const id = this.record(name)?.versions[0]?.ref.id;
    const versions = this.messagesOf(name)
      .filter((message) => message.acks.some((ack) => ack.outcome === 'positive'))
      .map((message) => Math.max(...message.records.map((ref) => (ref.id === id ? ref.version : 0))));
    if (versions.some((version, i) => i > 0 && version < versions[i - 1]!)) return [];
    return [untestable('did-not-bite', 'The messages were not acknowledged in reverse order.')];
  }

  /** One finding if the subject created more than one CRM row for a record, even if it removed the others again. */
  createdOnce(name: string): Finding[] {
    const history = this.record(name);
    const rows = history ? this.#evidence.everRowsFor(history) : [];
    if (rows.length <= 1) return [];
    const evidence = rows.map((row) => row.versions[0]!.event);
    return [
      fail('duplicate', `${rows.length} CRM rows were created for one ${history?.type}.`, {
        expected: '1',
        actual: String(rows.length),
        evidence,
      }),
    ];
  }

  /** CRM rows, live or not, that hold a word in any of their versions. */
  rowsWith(word: string): { type: string; key: string; evidence: EventId[] }[] {
    const found = [...this.#evidence.facts.crm.values()].filter((row) =>
      row.versions.some(({ image }) => word !== '' && JSON.stringify(image ?? {}).includes(word)),
    );
    return found.map(({ type, key, versions }) => ({ type, key, evidence: versions.map((version) => version.event) }));
  }

  #given(name: string): LinkMessage | undefined {
    const control = this.note<string>(`given ${name}`);
    return this.#evidence.facts.givenBy(this.cohort).find((message) => message.control === control);
  }

  #answer(name: string, right: (outcome: string, code: string) => boolean, expected: string, reason: string): Finding[] {
    const message = this.#given(name);
    if (!message || message.sent.length === 0) return [untestable('did-not-bite', `The message "${name}" was never sent.`)];
    const answers = message.acks.filter((ack) => !['silent', 'closed', 'refused'].includes(ack.outcome));
    const last = answers.at(-1);
    if (last && right(last.outcome, last.code ?? '')) return [];
    const seen = last ? (last.code ?? last.outcome) : 'no answer';
    const evidence = [...message.sent.slice(-1), ...message.acks.slice(-1)].map(({ event }) => event);
    return [
      fail(last ? reason : 'not-answered', `The message "${name}" was answered by ${seen}.`, {
        sub: name,
        expected,
        actual: seen,
        evidence,
      }),
    ];
  }

  /** A finding unless the given message was answered at all, one way or the other. */
  wasAnswered(name: string): Finding[] {
    return this.#answer(name, (outcome) => ['positive', 'error', 'reject'].includes(outcome), 'AA, AE or AR', 'garbled-answer');
  }

  /** A finding unless the given message was refused with one of these codes. */
  wasRefused(name: string, codes: string[]): Finding[] {
    return this.#answer(name, (_, code) => codes.includes(code), codes.join(' or '), 'not-refused');
  }

  /** A finding unless the given message was taken. */
  wasTaken(name: string): Finding[] {
    return this.#answer(name, (outcome) => outcome === 'positive', 'AA', 'refused');
  }

  /**
   * A finding unless the first message about a record was acknowledged at its first attempt. Silence counts only when it lasted
   * as long as the subject says that an answer may take: a sender that gave up before has shown nothing.
   */
  wasTakenAtOnce(name: string): Finding[] {
    const [message] = this.messagesOf(name);
    if (!message || message.sent.length === 0) return [];
    const [first] = message.acks;
    if (first?.outcome === 'positive' && message.sent.length === 1) return [];
    const waited = first?.micros ?? Number.POSITIVE_INFINITY;
    if (!first || first.outcome === 'refused' || (first.outcome === 'silent' && waited < this.#evidence.ackWait * 1000))
      return [untestable('not-waited', `The frame "${name}" was given up before its answer was due.`, { sub: name })];
    const actual = first.code ?? first.outcome;
    const evidence = [...message.sent, ...message.acks].map(({ event }) => event);
    return [
      fail('frame-lost', `The frame "${name}" was answered by ${actual} at the first attempt.`, {
        sub: name,
        expected: 'AA',
        actual,
        evidence,
      }),
    ];
  }

  /** Untestable unless a message about a record was acknowledged positively before the subject was killed. */
  wasAcknowledged(name: string): Finding[] {
    const killedAt = this.#log.killedAt ?? 0;
    const inTime = (ack: { outcome: string; at: number }) => ack.outcome === 'positive' && ack.at <= killedAt;
    if (this.messagesOf(name).some((message) => message.acks.some(inTime))) return [];
    return [untestable('did-not-bite', 'No message was acknowledged before the kill.')];
  }

  /** The subject's writes to the CRM rows of a record since a mark. */
  crmWrites(name: string, since: string): Version<Row>[] {
    const history = this.record(name);
    return (history ? this.#evidence.everRowsFor(history) : [])
      .flatMap((row) => row.versions)
      .filter((version) => version.at > this.at(since) && version.actor.startsWith('client:'));
  }

  /** Where the subject gave a row of a record the value in one of these fields that it had itself replaced before. */
  wentBack(name: string, fields: readonly string[]): { field: string; event: EventId }[] {
    const history = this.record(name);
    return (history ? this.#evidence.everRowsFor(history) : []).flatMap(({ versions }) =>
      fields.flatMap((field) => {
        const had = new Set<unknown>();
        let now: unknown;
        return versions.flatMap(({ actor, image, event }, i) => {
          const value = image?.[field] ?? null;
          if (i === 0 || value === now) {
            now = value;
            return [];
          }
          had.add(now);
          now = value;
          return actor.startsWith('client:') && had.has(value) ? [{ field, event }] : [];
        });
      }),
    );
  }

  /** The tokens that were asked for at this check's site. */
  tokens(): { requested: string[]; granted: string[]; event: EventId }[] {
    const site = this.cohort.slice(this.cohort.indexOf('/') + 1);
    return this.#evidence.facts.tokens.filter((token) => token.tenant === site);
  }

  /** The refused calls by which the subject showed this site a token that another site had given it. */
  strangersTokens(): { site: string; event: EventId }[] {
    const { tokens, unknownTokens } = this.#evidence.facts;
    const own = this.cohort.slice(this.cohort.indexOf('/') + 1);
    return unknownTokens.flatMap(({ tenant, token, event }) => {
      const giver = tokens.find((one) => one.token === token);
      return tenant === own && giver && giver.tenant !== own ? [{ site: giver.tenant, event }] : [];
    });
  }

  /**
   * Where a URL or header held a name or mail address of this check's people. A query for leads has to name the values that the map's
   * rule compares, and nothing else.
   */
  addressesWithPeople(): { where: string; word: string; event: EventId }[] {
    const { leadFields } = this.#evidence;
    const asked = new RegExp(`\\b(${leadFields.join('|')})\\s*(=|LIKE|IN)\\s*(\\([^)]*\\)|'[^']*')`, 'gi');
    const beside = (text: string): string =>
      leadFields.length > 0 ? text.replace(asked, '').replace(/FIND\s*\{[^}]*\}/i, '') : text;
    return this.#evidence.facts.exposed.filter(
      ({ cohort, text, word }) => cohort === this.cohort && beside(text).toLowerCase().includes(word.toLowerCase()),
    );
  }

  /** Lines of the subject's output that hold a word; undefined where there is no output. */
  outputWith(word: string): { line: number; word: string }[] | undefined {
    return this.#evidence.output?.().flatMap((text, i) => (text.includes(word) ? [{ line: i + 1, word }] : []));
  }

  /** Lines of the subject's output that hold a name or mail address of this check's people; undefined where there is no output. */
  outputWithPeople(): { line: number; word: string }[] | undefined {
    const { facts } = this.#evidence;
    const charts = facts.truthOf(this.cohort).flatMap(({ type, versions }) => (type === 'Patient' ? [versions[0]?.image] : []));
    // Long enough that nothing else looks like one.
    const numbers = new Set(charts.flatMap((chart) => JSON.stringify(chart ?? {}).match(/(?<!\d)\d{13}(?!\d)/g) ?? []));
    return this.#evidence.output?.().flatMap((text, i) => [
      ...findCanaries(text)
        .filter((word) => facts.cohortOf(word) === this.cohort)
        .map((word) => ({ line: i + 1, word })),
      ...(text.match(/(?<!\d)\d{13}(?!\d)/g) ?? []).filter((word) => numbers.has(word)).map((word) => ({ line: i + 1, word })),
    ]);
  }

  /** Secrets that the subject printed, by name; a digest stands in their place. Of the whole run: none belongs to anybody's chart. */
  outputWithSecrets(): { line: number; name: string }[] {
    return (this.#evidence.output?.() ?? []).flatMap((text, i) => marksIn(text).map((name) => ({ line: i + 1, name })));
  }

  /** The subject's writes to the CRM about this check's people since a mark. */
  writesSince(label: string): Version<Row>[] {
    return this.#evidence.facts
      .crmOf(this.cohort)
      .flatMap((row) => row.versions)
      .filter((version) => version.at > this.at(label) && version.actor.startsWith('client:'));
  }

  /** Those of them that left a row other than it was, in more than the CRM's own bookkeeping. */
  changesSince(label: string): Version<Row>[] {
    return this.writesSince(label).filter((version) => {
      const { versions } = this.#evidence.facts.crmOf(this.cohort).find((row) => row.versions.includes(version))!;
      return changedFields(versions[versions.indexOf(version) - 1]?.image, version.image).length > 0;
    });
  }

  /** How the subject answered notifications of a record that were not what their sender had made. */
  answersToForged(name: string): { status?: number; event: EventId }[] {
    const { key } = this.record(name) ?? {};
    return this.#evidence.facts.strayed.filter((one) => one.key === key && one.state !== 'again');
  }

  /** Whether a notification of a record came once more after it was done with. */
  wasReplayed(name: string): boolean {
    const { key } = this.record(name) ?? {};
    return this.#evidence.facts.strayed.some((one) => one.key === key && one.state === 'again');
  }

  /** How often a rule that this check armed hit something. */
  hits(rule: string): number {
    return this.hitTimes(rule).length;
  }

  /** When it hit them, in ms. */
  hitTimes(rule: string): number[] {
    const id = this.note<string>(`rule ${rule}`);
    return this.#evidence.facts.fired.filter((fired) => fired.rule === id).map(({ at }) => at / 1000);
  }

  /** When something was noted, in ms; at the end of time, where it was not. */
  notedAt(key: string): number {
    return (this.#log.notedAt.get(key) ?? Number.POSITIVE_INFINITY) / 1000;
  }

  /** The calls that this site refused with a status after a note and before a mark. */
  refusals(status: number, since: string, until: string): EventId[] {
    const site = this.cohort.slice(this.cohort.indexOf('/') + 1);
    const from = this.#log.notedAt.get(since) ?? Number.POSITIVE_INFINITY;
    return this.#evidence.facts.refusals
      .filter((one) => one.tenant === site && one.status === status && one.at > from && one.at < this.at(until))
      .map(({ event }) => event);
  }

  /** Seconds from a note to a mark. */
  seconds(since: string, until: string): number {
    return Math.max(0, this.at(until) - (this.#log.notedAt.get(since) ?? 0)) / 1e6;
  }

  /** What the owner attests, marked as that: nobody witnessed it. */
  attestations(): Finding[] {
    return Object.entries(this.#evidence.attests).flatMap(([name, sentence]) =>
      sentence === undefined
        ? []
        : [
            {
              verdict: 'attested',
              reason: name.replaceAll('_', '-'),
              message: `Attested, not witnessed: ${sentence}`,
              evidence: [],
            },
          ],
    );
  }

  /** Untestable where no call was refused. */
  wereRefused(refused: readonly EventId[]): Finding[] {
    return refused.length > 0 ? [] : [untestable('did-not-bite', 'No call was refused: what was withdrawn is never asked for.')];
  }

  /** The calls to a simulator of this site within so many ms after a rule's first hit was answered. */
  callsAfterHit(rule: string, sim: string, ms: number): EventId[] {
    const id = this.note<string>(`rule ${rule}`);
    const hit = this.#evidence.facts.fired.find((fired) => fired.rule === id);
    const site = this.cohort.slice(this.cohort.indexOf('/') + 1);
    if (!hit) return [];
    // Calls that were under way when the answer went out could not know of it.
    const [from, to] = [hit.at + UNDER_WAY_US, hit.at + ms * 1000 - CLOCK_US];
    return this.#evidence.facts.calls
      .filter((call) => call.sim === sim && call.tenant === site && call.at > from && call.at < to)
      .map(({ event }) => event);
  }

  /** How long each change of this check took to be visible, up to a mark; `window` is the declared one, in ms. */
  latency(label: string): LatencySummary & { window: number; lost: EventId[] } {
    const end = Math.min(this.at(label), this.#evidence.facts.last?.at ?? 0);
    const samples = latencySamples(this.#evidence, this.cohort, { end });
    const lost = samples.filter((sample) => sample.outcome === 'never').map(({ event }) => event);
    return { ...summarise(samples), window: this.#evidence.syncWindow, lost };
  }
}
