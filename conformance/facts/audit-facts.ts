import { createHash } from 'node:crypto';
import { type RecordRef, recordKey } from '#simulators';
import { fail, untestable } from '../check.ts';
import { patientReference } from '../oracle/chart.ts';
import type { EventId, Finding } from '../result.ts';
import { type AuditEntry, readAuditLine } from './audit-entry.ts';
import { CohortFacts } from './cohort-facts.ts';
import { type History, imageAt, type Resource, type Row, type Showing, type Version } from './facts.ts';
import { changedFields } from './row-changes.ts';

/** How far what a subject says of a moment may be from what the systems saw: a call takes its time, and a busy machine more. */
const APART_MS = 2_000;
const SHOWN = 3;
/** Calls of the CRM that are made to see a record; the answer to a write says what was written. */
const LOOKS = /^(query|search|read|collections|composite|bulk|bulk1|apexrest)$/;

type Write = {
  version: Version<Resource | Row>;
  before: Resource | Row | null;
  history: History<Resource | Row>;
  isCrm: boolean;
};

/** The subject's audit trail, held against what the systems saw. */
export class AuditFacts extends CohortFacts {
  #names = new Map<string, Set<string>>();

  /** Whether the manifest names a trail. */
  get isKept(): boolean {
    return this.evidence.audit !== undefined;
  }

  /** Untestable where no trail is named. */
  isNamed(): Finding[] {
    if (this.isKept) return [];
    return [
      untestable('no-audit', 'The manifest names no audit trail: say in hooks.audit where it is, or decline the capability.'),
    ];
  }

  /** What is wrong with the trail about the people of this check, up to a mark. */
  findings(label: string): Finding[] {
    const { entries, mistakes } = this.#read();
    const until = this.log.marks.get(label)?.at ?? Number.POSITIVE_INFINITY;
    const showings = (this.log.showings ?? []).filter(({ at }) => at <= until);
    const writes = this.#writes(until);
    return [
      ...this.#rewritten(),
      ...mistakes.slice(0, SHOWN),
      ...this.#unread(showings, entries),
      ...(this.evidence.auditsCrmReads ? this.#unreadInCrm(showings, entries) : []),
      ...this.#writesAgainst(writes, entries),
      ...this.#untrue(entries),
    ];
  }

  /** One finding unless some entry about a record tells of a moment that stood in what lost. */
  tellsOf(record: string, moment: number, label: string): Finding[] {
    const ref = this.log.notes.get(`record ${record}`) as Omit<RecordRef, 'version'> | undefined;
    const history = ref && this.evidence.facts.truth.get(recordKey(ref));
    const until = this.log.marks.get(label)?.wall ?? Number.POSITIVE_INFINITY;
    const tells = ({ before, after }: AuditEntry): boolean =>
      [...Object.values(before ?? {}), ...Object.values(after ?? {})].some(
        (value) => Math.abs(Date.parse(String(value)) - moment) <= 1_000,
      );
    const names = history ? this.#namesOf(history) : new Set<string>();
    if (this.#read().entries.some((entry) => entry.at <= until + APART_MS && isAbout(entry, names) && tells(entry))) return [];
    return [
      fail('loser-not-audited', `No entry of the audit trail tells of the decision that lost ("${record}").`, {
        sub: record,
        expected: new Date(moment).toISOString(),
        actual: 'no entry',
      }),
    ];
  }

  #read(): { entries: AuditEntry[]; mistakes: Finding[] } {
    const entries: AuditEntry[] = [];
    const mistakes: Finding[] = [];
    for (const [i, text] of (this.evidence.audit?.() ?? []).entries()) {
      const read = text === '' ? undefined : readAuditLine(text, i + 1);
      if (typeof read === 'string')
        mistakes.push(
          fail('unreadable', `Line ${i + 1} of the audit trail cannot be read: ${read}.`, { actual: `audit.jsonl:${i + 1}` }),
        );
      else if (read) entries.push(read);
    }
    return { entries, mistakes };
  }

  #rewritten(): Finding[] {
    const changed = this.evidence.facts.subject.filter(({ what }) => what === 'audit-rewritten');
    return changed.slice(0, 1).map(({ data }) =>
      fail('rewritten', `What stood in the audit trail was changed or taken away (${data.source}).`, {
        expected: 'only added to',
        actual: String(data.source),
      }),
    );
  }

  // Everything by which a record can be meant.
  #namesOf(history: History<Resource | Row>): Set<string> {
    const known = this.#names.get(history.key);
    if (known) return known;
    const names = new Set<string>();
    this.#names.set(history.key, names);
    for (const { ref, image } of history.versions) {
      names.add(ref.id);
      const { identifier } = (image ?? {}) as { identifier?: { value?: string }[] };
      for (const { value } of Array.isArray(identifier) ? identifier : []) if (value) names.add(value);
    }
    const isCrm = history.versions[0]?.ref.sim === 'crm';
    const key = isCrm ? this.evidence.oracle.object(history.type)?.key : undefined;
    for (const { image } of key ? history.versions : []) {
      const value = (image as Row | null)?.[key as string];
      if (value) names.add(String(value));
    }
    if (!isCrm)
      for (const row of this.evidence.everRowsFor(history as History<Resource>))
        for (const name of this.#namesOf(row)) names.add(name);
    return names;
  }

  #patientOf(history: History<Resource>): History<Resource> | undefined {
    if (history.type === 'Patient') return history;
    const reference = patientReference(imageAt(history) ?? {});
    return reference ? this.evidence.facts.truth.get(`ehr/${history.tenant}/${reference}`) : undefined;
  }

  // What was shown of a patient's, and no entry says that it was read.
  #unread(showings: readonly Showing[], entries: readonly AuditEntry[]): Finding[] {
    // A look at the contact is none at the chart.
    const isOfCrm = ({ what }: AuditEntry): boolean =>
      what.every((one) => this.evidence.oracle.object(one.slice(0, Math.max(0, one.indexOf('/')))) !== undefined);
    const reads = entries.filter((one) => (one.action === 'read' && !isOfCrm(one)) || one.action === 'export');
    const missed = showings.flatMap((showing) => {
      const history = this.evidence.facts.truth.get(showing.key);
      const patient = history && this.#patientOf(history);
      // Messages and notifications come by themselves: nobody read anything.
      if (!history || !patient || /\/(hl7|subscription)$|^crm$/.test(showing.channel)) return [];
      const isWhole = showing.channel.endsWith('/bulk');
      const names = new Set([...this.#namesOf(history), ...this.#namesOf(patient)]);
      const tells = (one: AuditEntry) => isNear(one, showing) && ((isWhole && one.action === 'export') || isAbout(one, names));
      return reads.some(tells) ? [] : [showing];
    });
    return unaudited(missed);
  }

  // The same in the CRM, where the subject says that its trail tells of that. What a stream brought came by itself.
  #unreadInCrm(showings: readonly Showing[], entries: readonly AuditEntry[]): Finding[] {
    const reads = entries.filter(({ action }) => action === 'read' || action === 'export');
    const missed = showings.filter((showing) => {
      const row = this.evidence.facts.crm.get(showing.key);
      if (!row || !LOOKS.test(showing.operation ?? '') || !this.evidence.oracle.object(row.type)) return false;
      const names = this.#namesOf(row);
      return !reads.some((one) => isNear(one, showing) && isAbout(one, names));
    });
    return unaudited(missed);
  }

  // What the subject wrote: to the CRM, and back to the EHR.
  #writes(until: number): Write[] {
    const { facts } = this.evidence;
    const own = (histories: readonly History<Resource | Row>[], isOwn: (actor: string) => boolean, isCrm: boolean): Write[] =>
      histories.flatMap((history) =>
        history.versions.flatMap((version, i) =>
          isOwn(version.actor) && version.at <= until && !isHidden(history.type, version.image)
            ? [{ version, before: history.versions[i - 1]?.image ?? null, history, isCrm }]
            : [],
        ),
      );
    return [
      ...own(facts.crmOf(this.cohort), (actor) => actor.startsWith('client:'), true),
      ...own(facts.truthOf(this.cohort), (actor) => !actor.startsWith('user:'), false),
    ].sort((a, b) => a.version.at - b.version.at);
  }

  // Each write has an entry of its own, and each entry a write.
  #writesAgainst(writes: readonly Write[], entries: readonly AuditEntry[]): Finding[] {
    const free = new Set(entries.filter(({ action, failed }) => ['create', 'update', 'delete'].includes(action) && !failed));
    const found = writes.flatMap((write): Finding[] => {
      const { history, version } = write;
      const patient = write.isCrm ? undefined : this.#patientOf(history as History<Resource>);
      const names = new Set([...this.#namesOf(history), ...(patient ? this.#namesOf(patient) : [])]);
      const [entry] = [...free]
        .filter((one) => actionsOf(write).includes(one.action) && isNear(one, version) && isAbout(one, names))
        .sort((a, b) => Math.abs(a.at - Date.parse(version.wall)) - Math.abs(b.at - Date.parse(version.wall)));
      if (entry) free.delete(entry);
      // What was written in two calls may be told as one, which then tells of both.
      const told = entry ?? entries.find((one) => isNear(one, version) && isAbout(one, names) && this.#tellsAll(write, one));
      return told ? (entry ? this.#values(write, entry) : []) : [notAudited(write)];
    });
    const own = this.#ownNames(writes);
    const invented = [...free].filter((one) => isAbout(one, own) && this.#isInTime(one));
    return [...firstOfEach(found), ...invented.slice(0, SHOWN).map(neverWas)];
  }

  #tellsAll({ version, before, history, isCrm }: Write, entry: AuditEntry): boolean {
    if (!isCrm || !entry.after || !version.image) return false;
    const image = version.image as Row;
    const isTold = (field: string): boolean => isSame(entry.after?.[field] ?? null, image[field] ?? null);
    return this.#judged(history.type, changedFields(before, image)).every(isTold);
  }

  // Of these fields those whose values an entry has to tell: the key says which record it is, and a lookup is told in the subject's own way.
  #judged(object: string, fields: readonly string[]): string[] {
    const rows = this.evidence.oracle.rowsFor(object).filter(({ transform }) => !['parent', 'key'].includes(transform));
    return fields.filter((field) => rows.some((row) => row.field === field));
  }

  // Before and after, of what the map names: the CRM's own fields are nobody's business.
  #values({ version, before, history, isCrm }: Write, entry: AuditEntry): Finding[] {
    const wanted = version.image === null ? [] : before ? (['before', 'after'] as const) : (['after'] as const);
    const evidence = [version.event];
    const named = `${history.type}, line ${entry.line} of the audit trail`;
    const absent = wanted.filter((which) => entry[which] === undefined);
    if (absent.length > 0)
      return [
        fail('no-values', `The entry does not say what stood ${absent.join(' and ')} the change (${named}).`, { evidence }),
      ];
    if (!isCrm || !version.image) return [];
    const changed = this.#judged(history.type, changedFields(before, version.image));
    return changed.flatMap((field) =>
      wanted.flatMap((which) => {
        const held = (which === 'before' ? before : version.image)?.[field as keyof Row] ?? null;
        if (isSame(entry[which]?.[field] ?? null, held)) return [];
        const message = `The entry does not tell what stood in ${field} ${which} the change (${named}).`;
        return [
          fail('wrong-values', message, {
            expected: String(held),
            actual: String(entry[which]?.[field] ?? '(nothing)'),
            evidence,
          }),
        ];
      }),
    );
  }

  // Reads that nothing shows, of people of this check or of nobody at all.
  #untrue(entries: readonly AuditEntry[]): Finding[] {
    const { facts, sites } = this.evidence;
    const own = this.#ownNames([]);
    const isSomebody = (one: string): boolean => sites.some((site) => facts.truth.has(`ehr/${site}/${one}`));
    const invented = entries.filter((entry) => {
      if (entry.action !== 'read' || entry.failed || !this.#isInTime(entry)) return false;
      if (!isAbout(entry, own)) return entry.what.some((one) => one.startsWith('Patient/') && !isSomebody(one));
      return !(this.log.showings ?? []).some((showing) => isNear(entry, showing));
    });
    return invented.slice(0, SHOWN).map(neverWas);
  }

  #ownNames(writes: readonly Write[]): Set<string> {
    const people = this.evidence.facts.truthOf(this.cohort);
    return new Set([...people, ...writes.map(({ history }) => history)].flatMap((history) => [...this.#namesOf(history)]));
  }

  #isInTime({ at }: AuditEntry): boolean {
    return at >= this.log.begunWall && at <= (this.log.endedWall ?? Number.POSITIVE_INFINITY);
  }
}

// The contact behind a person account is the CRM's own: it shows what stands on the account.
const isHidden = (type: string, image: Resource | Row | null): boolean =>
  type === 'Contact' && (image as Row | null)?.IsPersonAccount === true;
const idOf = (what: string): string => what.slice(what.indexOf('/') + 1);
const isAbout = ({ what }: AuditEntry, names: ReadonlySet<string>): boolean =>
  what.some((one) => names.has(one) || names.has(idOf(one)));
const isNear = ({ at }: AuditEntry, { wall }: { wall: string }): boolean => Math.abs(at - Date.parse(wall)) <= APART_MS;

function actionsOf({ version, before }: Write): string[] {
  if (version.image === null) return ['delete'];
  return before ? ['update'] : ['create'];
}

const unaudited = (missed: readonly Showing[]): Finding[] =>
  missed.slice(0, SHOWN).map(({ key, channel, event }) =>
    fail('not-audited', `${key} was read by ${channel}, and no entry of the audit trail says so.`, {
      expected: 'read',
      actual: `no entry, of ${missed.length} such reads`,
      evidence: [event],
    }),
  );

const notAudited = ({ version, history, ...write }: Write): Finding =>
  fail('not-audited', `${history.type}/${version.ref.id} was written, and no entry of the audit trail says so.`, {
    expected: actionsOf({ version, history, ...write }).join(),
    actual: 'no entry',
    evidence: [version.event] satisfies EventId[],
  });

const neverWas = ({ line, action, what, at }: AuditEntry): Finding =>
  fail('untrue', `Line ${line} of the audit trail tells of what never was: ${action} ${what.slice(0, 2).join(', ')}.`, {
    expected: 'nothing',
    actual: `${action} at ${new Date(at).toISOString()}`,
  });

// One finding of each kind is enough to see what is wrong.
const firstOfEach = (found: readonly Finding[]): Finding[] =>
  [...Map.groupBy(found, ({ reason }) => reason).values()].map(([first]) => first!);

/** Whether an entry's value is what the CRM held: in whatever form, or as its SHA-256 for who copies no values. */
function isSame(told: unknown, held: unknown): boolean {
  const empty = (value: unknown) => value === null || value === undefined || value === '';
  if (empty(told) || empty(held)) return empty(told) && empty(held);
  const [a, b] = [String(told), String(held)];
  if (a === b) return true;
  if (a.startsWith('sha256:')) return a === `sha256:${createHash('sha256').update(b).digest('hex')}`;
  if (a.trim() !== '' && Number(a) === Number(b)) return true;
  return /^\d{4}-\d\d-\d\dT/.test(a) && Date.parse(a) === Date.parse(b);
}
