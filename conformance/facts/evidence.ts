import { findCanaries } from '#fixtures';
import { type RecordRef, recordKey } from '#simulators';
import { cohortOf, type Judgeable, notApplicable, notOurs } from '../applicable.ts';
import { type CheckDefinition, fail } from '../check.ts';
import type { Manifest, SiteManifest } from '../manifest/manifest.ts';
import { readChannels } from '../manifest/read-channels.ts';
import { type Chart, chartTypes } from '../map/fhirpath.ts';
import type { FieldValue } from '../map/field-types.ts';
import type { DataMap, MapRow } from '../map/map.ts';
import { chartMoments, chartsOf, patientReference, recordsByPatient } from '../oracle/chart.ts';
import type { Judgement } from '../oracle/expectation.ts';
import { type ExpectContext, type ExpectedRecord, Oracle, SYSTEM_FIELDS } from '../oracle/oracle.ts';
import type { CheckResult, Finding, Verdict } from '../result.ts';
import { rollUp } from '../score.ts';
import { CheckFacts } from './check-facts.ts';
import { type Facts, type History, imageAt, type Resource, type Row } from './facts.ts';
import type { LatencySummary } from './latency.ts';
import { changedFields } from './row-changes.ts';

/** Indexes that are kept at most. */
const MEMORY = 2_000;

const NO_CHART: Chart = {};

export interface Judged {
  verdict: Verdict;
  reason: string;
  message: string;
  findings: Finding[];
  /** What it came to at each site to which it applies. */
  sites: { site: string; verdict: Verdict }[];
  cases: CheckResult['cases'];
}

/** How the CRM shows a record, in one object of the map. */
export interface Shown {
  object: string;
  /** Rows that carry its key, and how many of them count as live. */
  rows: number;
  live: number;
  /** How many rows the map asks for, in words, and whether it is so. */
  expected: string;
  ok: boolean;
  /** The judged fields of its row. */
  fields: Map<string, Pick<Judgement, 'ok' | 'expected' | 'actual'>>;
}

/** What a CRM fills in by itself: names, and the two halves of a person account. */
const COMPUTED = ['Name', 'IsPersonAccount', 'PersonContactId', 'RecordTypeId'];

type Subject = Pick<Manifest, 'sites' | 'promises'> & Partial<Pick<Manifest, 'attests'>> & Judgeable;

/** Facts read with the eyes of the map: what should be where, and what is. Pure functions of the journal so far. */
export class Evidence {
  readonly facts: Facts;
  readonly oracle: Oracle;
  /** Lines of the subject's output so far; absent where it is not ours to see. */
  output?: () => readonly string[];
  /** Lines of the subject's audit trail so far; absent where the manifest names none. */
  audit?: () => readonly string[];
  readonly #manifest: Subject;
  #known = new Map<string, { stamp: number | undefined; value: unknown }>();

  constructor(facts: Facts, map: DataMap, manifest: Subject) {
    this.facts = facts;
    this.oracle = new Oracle(map, manifest.sites);
    this.#manifest = manifest;
  }

  /** The verdict of a check over the given sites: each site's findings, rolled up. */
  judge(check: CheckDefinition, sites: readonly SiteManifest[]): Judged {
    if (sites.length === 0) {
      const why = this.#manifest.sites.map((site) => notApplicable(check, site, this.#manifest, this.oracle.map)).find(Boolean);
      return {
        verdict: 'not-applicable',
        reason: 'not-declared',
        message: why ?? 'the manifest names no site',
        findings: [],
        sites: [],
        cases: { of: 0, passed: 0 },
      };
    }
    const perSite = sites.map(({ name }, i) => ({
      site: name,
      found: this.#onSite(check, sites[i]!).map((finding) => ({ channel: name, ...finding })),
    }));
    const findings = perSite.flatMap(({ found }) => found);
    const verdict = findings.length === 0 ? 'pass' : rollUp(findings.map((finding) => finding.verdict));
    const deciding = findings.find((finding) => finding.verdict === verdict);
    const { reason = 'as-required', message = '' } = deciding ?? this.#grounds(check, sites) ?? {};
    const each = perSite.map(({ site, found }) => ({ site, verdict: rollUp(found.map((finding) => finding.verdict)) }));
    const held = perSite.map(({ found }) => casesHeld(check, found));
    const cases = { of: held.reduce((sum, { of }) => sum + of, 0), passed: held.reduce((sum, { passed }) => sum + passed, 0) };
    return { verdict, reason, message, findings, sites: each, cases };
  }

  // Of several sites the first that has something to say.
  #grounds(check: CheckDefinition, sites: readonly SiteManifest[]): { reason: string; message: string } | undefined {
    for (const site of check.passes ? sites : []) {
      const cohort = cohortOf(check, site);
      const log = this.facts.checks.get(cohort);
      const grounds = log && check.passes?.(new CheckFacts(this, cohort, log));
      if (grounds) return grounds;
    }
    return undefined;
  }

  /** How long the changes of a check took, of one that measures that: at the site that was slowest. */
  latencyOf(check: CheckDefinition, sites: readonly SiteManifest[]): LatencySummary | undefined {
    const measured = sites.flatMap((site) => {
      const cohort = cohortOf(check, site);
      const log = this.facts.checks.get(cohort);
      const found = log?.endedAt === undefined ? undefined : check.measures?.(new CheckFacts(this, cohort, log));
      return found?.p95 ? [found] : [];
    });
    return measured.sort((a, b) => b.p95!.micros - a.p95!.micros)[0];
  }

  // The one place where exceptions become verdicts, and where "the subject failed" is kept apart from "we broke".
  #onSite(check: CheckDefinition, site: SiteManifest): Finding[] {
    const cohort = cohortOf(check, site);
    const log = this.facts.checks.get(cohort);
    const ours = (message: string): Finding[] => [{ verdict: 'harness-error', reason: 'check-failed', message, evidence: [] }];
    const not = (reason: string, message: string): Finding[] => [{ verdict: 'untestable', reason, message, evidence: [] }];
    const away = log ? undefined : notOurs(check, this.#manifest);
    if (away) return not('not-ours', away);
    if (!log) return not('not-run', 'The run ended before this check began.');
    if (log.error) return ours(`The check could not be carried out: ${log.error.split('\n')[0]}`);
    if (log.endedAt === undefined) return not('interrupted', 'The run ended before this check did.');
    try {
      const findings = check.expect(new CheckFacts(this, cohort, log));
      // Who was stopped in the middle has not failed at what was to come, nor at what was under way.
      const isHalf = log.aborted && findings.some((finding) => finding.verdict === 'untestable');
      return isHalf ? findings.filter((finding) => finding.verdict !== 'fail') : findings;
    } catch (error) {
      return ours(`The check could not be judged: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }

  /** What the owner of the subject attests. */
  get attests(): Readonly<Record<string, string | undefined>> {
    return { ...this.#manifest.attests };
  }

  /** What differs, at a moment, between the systems and what the map asks for all people of a cohort. */
  asMapped(cohort: string, at = Number.POSITIVE_INFINITY): Finding[] {
    const expectedKeys = new Set<string>();
    const findings = this.facts.truthOf(cohort).flatMap((history) => {
      const truth = until(history, at);
      if (truth.versions.length === 0) return [];
      return this.oracle.expect(truth, this.#context(history, at)).flatMap((expected) => {
        if (expected.key) expectedKeys.add(`${expected.object.object} ${expected.key}`);
        return this.#judgeRecord(history, expected, at);
      });
    });
    return [...findings, ...this.#strangers(cohort, expectedKeys, at)];
  }

  #judgeRecord(history: History<Resource>, expected: ExpectedRecord, at: number): Finding[] {
    const { object, key, create, fate } = expected;
    const rows = this.#rowsWithKey(history.cohort ?? '', object.object, expected.keyField, key, at);
    const live = rows.filter((row) => this.oracle.live(object.object, imageAt(row, at)));
    const last = until(history, at).versions.at(-1)!;
    const about = { evidence: [last.event] };
    const named = `${history.type} ${key ?? history.key}`;
    if (!create) {
      if (fate === 'present' || fate === 'kept' || live.length === 0) return [];
      return [fail('still-live', `${named} is gone in the EHR but its ${object.object} is live.`, about)];
    }
    if (rows.length === 0) {
      const seen = this.#site(history.tenant) && this.#served(history, at);
      if (!seen)
        return [
          fail('not-read', `${named} was never read by the subject, on any declared channel${this.#whyUnread(last.ref.id)}.`, {
            ...about,
            expected: `one ${object.object}`,
          }),
        ];
      return [
        fail('missing', `${named} has no ${object.object} in the CRM.`, {
          ...about,
          expected: `one ${object.object}`,
          actual: 'none',
        }),
      ];
    }
    if (rows.length > 1) {
      const evidence = rows.map((row) => row.versions[0]!.event);
      return [
        fail('duplicate', `${named} has ${rows.length} ${object.object} rows in the CRM.`, {
          expected: '1',
          actual: String(rows.length),
          evidence,
        }),
      ];
    }
    return [...this.#judgeFields(history, expected, rows[0]!, at), ...this.#judgeWriteBack(history, expected, at)];
  }

  /** How the CRM shows a record of the EHR at the end, object by object, beside what the map asks. */
  shown(history: History<Resource>): Shown[] {
    return this.oracle.expect(history, this.#context(history)).map(({ object, keyField, key, create, fate, fields }) => {
      const rows = this.#rowsWithKey(history.cohort ?? '', object.object, keyField, key, Number.POSITIVE_INFINITY);
      const live = rows.filter((row) => this.oracle.live(object.object, imageAt(row))).length;
      const [row] = rows;
      const image = imageAt(row);
      const judged = Object.entries(image && create ? fields : {}).filter(([, { unjudged }]) => unjudged === undefined);
      const wanted = create ? '1' : fate === 'present' || fate === 'kept' ? 'any' : 'none live';
      return {
        object: object.object,
        rows: rows.length,
        live,
        expected: wanted,
        ok: create ? rows.length === 1 : wanted === 'any' || live === 0,
        fields: new Map(
          judged.map(([field, one]) => [field, this.oracle.judge(one, image![field], (id) => this.#keyOfRow(row!.tenant, id))]),
        ),
      };
    });
  }

  // What the link has to say about a record that nobody took.
  #whyUnread(id: string): string {
    const unread = this.facts.messagesOf(id).find(({ acks }) => acks.length > 0);
    const { outcome, code } = unread?.acks.at(-1) ?? {};
    if (outcome === 'error' || outcome === 'reject') return `: its ${unread!.type} was answered ${code}`;
    if (outcome === 'refused') return `: there was nobody to take its ${unread!.type}, the connection was refused`;
    return '';
  }

  #judgeFields(history: History<Resource>, expected: ExpectedRecord, row: History<Row>, at: number): Finding[] {
    const image = imageAt(row, at) as Row;
    const evidence = [until(history, at).versions.at(-1)!.event, until(row, at).versions.at(-1)!.event];
    return Object.entries(expected.fields).flatMap(([field, wanted]) => {
      const judged = this.oracle.judge(wanted, image[field], (id) => this.#keyOfRow(row.tenant, id, at));
      if (judged.ok) return [];
      const stale = this.#heldBefore(history, wanted.row, image[field], row.tenant, at);
      const name = `${row.type}.${field}`;
      const message = stale ? `${name} still holds an older value of the EHR.` : `${name} is not what the map asks for.`;
      return [
        fail(stale ? 'stale-value' : 'wrong-value', message, {
          row: wanted.row.id,
          expected: judged.expected,
          actual: judged.actual,
          evidence,
        }),
      ];
    });
  }

  // Whether an older version of the truth asked for that value. An empty field is wrong, but not for being old.
  #heldBefore(history: History<Resource>, row: MapRow, actual: unknown, tenant: string, at: number): boolean {
    if (actual === undefined || actual === null || actual === '') return false;
    const own = until(history, at).versions.map((version) => version.at);
    const moments = [...own, ...this.#chartMoments(history, row)].filter((moment) => moment <= at);
    return moments
      .sort((a, b) => a - b)
      .slice(0, -1)
      .some((moment) => {
        const then = until(history, moment);
        return this.oracle.expect(then, this.#context(history, moment)).some(({ fields }) => {
          const wanted = fields[row.field];
          if (wanted?.row !== row || wanted.unjudged) return false;
          return this.oracle.judge(wanted, actual, (id) => this.#keyOfRow(tenant, id, at)).ok;
        });
      });
  }

  // A CRM-owned field that a CRM user edited has to be in the EHR, where the manifest declares a way there.
  #judgeWriteBack(history: History<Resource>, expected: ExpectedRecord, at: number): Finding[] {
    const site = this.#site(history.tenant);
    const image = imageAt(history, at);
    const edits = this.#edits(history, at);
    if (!image || site?.channels.write_back === 'none' || this.#manifest.crm.back.kind === 'none') return [];
    return Object.entries(edits).flatMap(([field, edit]) => {
      const { row, values = [] } = expected.fields[field] ?? {};
      // Of a field that both own, the later decision goes to where the other one stands.
      const isLater = row?.owner === 'shared' && values.length === 1 && this.oracle.same(row, values[0]!, edit.value);
      if (!row || (row.owner !== 'crm' && !isLater)) return [];
      const outcome = this.oracle.outcome(row, image, history.tenant, this.#context(history, at));
      const held = outcome.state === 'value' ? outcome.value : null;
      if (this.oracle.same(row, held, edit.value)) return [];
      const more = { row: row.id, expected: String(edit.value), actual: String(held ?? '(empty)'), evidence: [edit.event] };
      return [fail('not-written-back', `The CRM's edit of ${row.object}.${field} is not in the EHR.`, more)];
    });
  }

  // Live rows of a cohort's people that carry no key of theirs: duplicates under another key, or under none.
  #strangers(cohort: string, expectedKeys: ReadonlySet<string>, at: number): Finding[] {
    return this.facts.crmOf(cohort).flatMap((row) => {
      const object = this.oracle.object(row.type);
      const image = imageAt(row, at);
      // What a CRM user made is not the subject's: people make tasks and contacts of their own.
      if (!object || !row.versions[0]?.actor.startsWith('client:') || !this.oracle.live(row.type, image)) return [];
      const key = image?.[object.key];
      if (expectedKeys.has(`${row.type} ${key}`)) return [];
      const message = `A ${row.type} about this patient carries ${key ? `the key ${key}, which is nobody's` : `no ${object.key}`}.`;
      return [
        fail('unexpected-row', message, {
          expected: 'none',
          actual: row.versions[0]!.ref.id,
          evidence: [row.versions[0]!.event],
        }),
      ];
    });
  }

  #rowsWithKey(cohort: string, object: string, field: string, key: string | undefined, at: number): History<Row>[] {
    if (key === undefined) return [];
    // By the keys that they ever carried: of those few each moment is looked at.
    const rows = this.#once(`rows by ${object}.${field} of ${cohort}`, cohort, () => {
      const byKey = new Map<unknown, History<Row>[]>();
      for (const row of this.facts.crmOf(cohort).filter(({ type }) => type === object))
        for (const one of new Set(row.versions.map(({ image }) => image?.[field])))
          byKey.set(one, [...(byKey.get(one) ?? []), row]);
      return byKey;
    });
    return (rows.get(key) ?? []).filter((row) => imageAt(row, at)?.[field] === key);
  }

  #chart(patient: History<Resource>, at: number): Chart {
    const cohort = patient.cohort ?? '';
    const charts =
      at === Number.POSITIVE_INFINITY
        ? this.#once(`charts of ${cohort}`, cohort, () => chartsOf(this.facts, this.facts.truthOf(cohort)))
        : chartsOf(this.facts, this.#chartRecords(patient), at);
    return charts.get(`${patient.tenant}/${patient.versions[0]?.ref.id}`) ?? NO_CHART;
  }

  #chartRecords(patient: History<Resource>): readonly History<Resource>[] {
    const cohort = patient.cohort ?? '';
    return this.#once(`records by patient of ${cohort}`, cohort, () => recordsByPatient(this.facts.truthOf(cohort)))(patient);
  }

  #chartMoments(patient: History<Resource>, row: MapRow): number[] {
    const types = chartTypes(row.source);
    return types.length === 0 ? [] : chartMoments(this.#chartRecords(patient), types);
  }

  // What is worked out of a cohort's records holds until one of them changes: a thousand people are looked at many times.
  #once<T>(what: string, cohort: string, work: () => T): T {
    const stamp = this.facts.revisions.get(cohort);
    const known = this.#known.get(what);
    if (known && known.stamp === stamp) return known.value as T;
    if (this.#known.size > MEMORY) this.#known.clear();
    const value = work();
    this.#known.set(what, { stamp, value });
    return value;
  }

  /** The CRM rows that carry a record's key at a moment. */
  rowsFor(history: History<Resource>, at = Number.POSITIVE_INFINITY): History<Row>[] {
    return this.oracle.objectsFor(history.type).flatMap((object) => {
      const key = this.oracle.keyOf(object, until(history, at), this.#context(history, at));
      return this.#rowsWithKey(history.cohort ?? '', object.object, object.key, key, at);
    });
  }

  /** The CRM rows that ever carried a record's key, those deleted again included. */
  everRowsFor(history: History<Resource>): History<Row>[] {
    return this.oracle.objectsFor(history.type).flatMap((object) => {
      const key = this.oracle.keyOf(object, history, this.#context(history));
      return this.facts
        .crmOf(history.cohort ?? '')
        .filter((row) => row.type === object.object && row.versions.some((version) => version.image?.[object.key] === key));
    });
  }

  liveRows(cohort: string, resourceType: string, at: number): Row[] {
    const objects = this.oracle.objectsFor(resourceType).map((object) => object.object);
    return this.facts
      .crmOf(cohort)
      .filter((row) => objects.includes(row.type) && this.oracle.live(row.type, imageAt(row, at)))
      .map((row) => imageAt(row, at) as Row);
  }

  isLive(object: string, row: Row | null): boolean {
    return this.oracle.live(object, row);
  }

  /** The row that stands for a record, to edit it as a CRM user. */
  rowOf(ref: RecordRef): { type: string; id: string } | undefined {
    const history = this.facts.truth.get(recordKey(ref));
    const row = history && this.rowsFor(history)[0];
    return row && { type: row.type, id: row.versions[0]!.ref.id };
  }

  /** What the map says of a lead that looks like a new patient, and the fields of the lead by which it is found. */
  get leadRule(): 'none' | 'flag' | 'convert' {
    return (this.oracle.objectsFor('Patient')[0]?.lead_match.split(':')[0] || 'none') as 'none' | 'flag' | 'convert';
  }

  /** Fields by which the map's rule finds leads: to ask for them, the CRM has to be told their values. */
  get leadFields(): string[] {
    return (this.oracle.objectsFor('Patient')[0]?.lead_match.split(':')[1] ?? '').split(/[\s;,]+/).filter(Boolean);
  }

  /** A text-like field of a record's object (the patient's, when none is given) with that owner, and a value that it does not hold. */
  editableField(owner: 'ehr' | 'crm', ref?: RecordRef): { field: string; value: string } | undefined {
    const rows = this.rowsOfMap(ref?.type ?? 'Patient').filter(
      (row) => row.owner === owner && row.transform !== 'key' && row.transform !== 'opaque',
    );
    const history = ref && this.facts.truth.get(recordKey(ref));
    const held = history && (imageAt(this.rowsFor(history)[0]) ?? {});
    const other = (row: MapRow, values: string[]) => ({
      field: row.field,
      value: values.find((value) => value !== (held as Row | undefined)?.[row.field]) as string,
    });
    const phone = rows.find((row) => row.field_type === 'phone');
    if (phone) return other(phone, ['+12125550199', '+13125550198']);
    const language = rows.find((row) => row.source.includes('language'));
    if (language) return other(language, ['es', 'fr']);
    const email = rows.find((row) => row.field_type === 'email');
    if (email) return other(email, ['edited@mail.example', 'edited@post.example']);
    const text = rows.find(
      (row) => row.field_type.startsWith('text') && !row.source.includes('identifier') && !row.source.includes('%site'),
    );
    // What a CRM user types holds what means something on the way: the delimiters of a message, say.
    const size = Number(/\d+/.exec(text?.field_type ?? '')?.[0] ?? 255);
    return text && other(text, size < 20 ? ['Edited', 'Changed'] : ['Edited & 9^30|ok', 'Changed ~ \\ 1|2']);
  }

  /** The sites at which a check was carried out. */
  sitesOf(check: string): string[] {
    return this.#manifest.sites.map(({ name }) => name).filter((name) => this.facts.checks.has(`${check}/${name}`));
  }

  /** What the map asks of a record's rows at a moment, by field, as text, and the rows; fields that are not judged are left out. */
  asked(history: History<Resource>, at: number): { expected: Map<string, string>; row: Row }[] {
    const truth = until(history, at);
    return this.oracle.expect(truth, this.#context(history, at)).flatMap(({ object, keyField, key, fields }) => {
      const [row] = this.#rowsWithKey(history.cohort ?? '', object.object, keyField, key, at);
      const judged = Object.entries(fields).filter(([, { unjudged }]) => unjudged === undefined);
      const expected = new Map(judged.map(([field, { values }]) => [field, JSON.stringify(values)]));
      return row ? [{ expected, row: imageAt(row, at) as Row }] : [];
    });
  }

  /** Shared fields in which the CRM holds something else than the EHR at a moment, whoever of the two is right. */
  split(history: History<Resource>, at: number): Finding[] {
    const image = imageAt(history, at);
    const row = imageAt(this.rowsFor(history, at)[0], at);
    const last = until(history, at).versions.at(-1);
    if (!image || !row || !last) return [];
    return this.rowsOfMap(history.type).flatMap((rule) => {
      if (rule.owner !== 'shared' || rule.transform === 'opaque') return [];
      const outcome = this.oracle.outcome(rule, image, history.tenant);
      if (outcome.state !== 'value' || this.oracle.same(rule, outcome.value, row[rule.field])) return [];
      const [expected, actual] = [String(outcome.value), String(row[rule.field] ?? '(empty)')];
      const message = `The two systems hold different things in ${rule.object}.${rule.field}.`;
      return [fail('split-brain', message, { row: rule.id, expected, actual, evidence: [last.event] })];
    });
  }

  /** A field that the map works out of a type of the patient's chart, and a value that it does not hold. */
  summaryField(ref: RecordRef, type: string): { field: string; value: unknown } | undefined {
    const history = this.facts.truth.get(recordKey(ref));
    const held = (history && imageAt(this.rowsFor(history)[0])) ?? ({} as Partial<Row>);
    const row = this.rowsOfMap('Patient').find((one) => one.owner === 'ehr' && chartTypes(one.source).includes(type));
    if (!row) return undefined;
    const now = held[row.field];
    const values: Record<string, unknown> = {
      checkbox: now !== true,
      number: Number(now ?? 0) + 1,
      date: now === '2001-02-03' ? '2001-02-04' : '2001-02-03',
      datetime: '2001-02-03T04:05:06Z',
    };
    return { field: row.field, value: values[row.field_type.replace(/\(.*/, '')] ?? (now === 'Edited' ? 'Changed' : 'Edited') };
  }

  /** Whether the map asks for other values of a cohort's records at one moment than at another. */
  asksOtherwise(cohort: string, from: number, to: number): boolean {
    const asked = (at: number): string =>
      JSON.stringify(
        this.facts.truthOf(cohort).flatMap((history) => {
          const truth = until(history, at);
          if (truth.versions.length === 0) return [];
          return this.oracle
            .expect(truth, this.#context(history, at))
            .map(({ key, create, fate, fields }) => [key, create, fate, Object.values(fields).map(({ values }) => values)]);
        }),
      );
    return asked(from) !== asked(to);
  }

  rowsOfMap(resourceType: string): MapRow[] {
    return this.oracle.objectsFor(resourceType).flatMap((object) => this.oracle.rowsFor(object.object));
  }

  /** Fields that are the CRM's own (system and computed ones) or the sync's. */
  isBookkeeping(resourceType: string, field: string): boolean {
    const owned = this.rowsOfMap(resourceType).some((row) => row.field === field && row.owner === 'sync');
    return owned || field === 'Name' || SYSTEM_FIELDS.includes(field);
  }

  /** Whether a write of that value is within the map; defaults and computed names are the CRM's own doing. */
  mayHold(object: string, field: string, value: unknown): boolean {
    if (object === 'Lead' && this.leadRule !== 'none') return true;
    return value === false || value === '' || COMPUTED.includes(field) || this.oracle.allowedFields(object).has(field);
  }

  /** Names of the sites. */
  get sites(): readonly string[] {
    return this.#manifest.sites.map(({ name }) => name);
  }

  /** Who assigns the numbers of a site. */
  authorityOf(site: string): string {
    return this.#site(site)?.authority ?? '';
  }

  vendorOf(site: string): SiteManifest['vendor'] | undefined {
    return this.#site(site)?.vendor;
  }

  /** How long the subject says that an acknowledgement may take, in ms. */
  get ackWait(): number {
    return this.#manifest.promises.ack_wait;
  }

  /** Whether its audit trail tells of what it reads in the CRM, too. */
  get auditsCrmReads(): boolean {
    return this.#manifest.promises.audited_reads === 'both';
  }

  /** The declared sync window, in ms. */
  get syncWindow(): number {
    return this.#manifest.promises.sync_window;
  }

  /** How many rows of the map are judged: not the opaque ones, nor those that come by no channel, nor the CRM's own where edits are not read. */
  mapCoverage(): { judged: number; of: number } {
    const { judged, of, opaque } = this.oracle.coverage();
    const channels = new Set(this.#manifest.sites.flatMap((site) => site.channels.read.map(({ kind }) => kind)));
    const isBlind = this.#manifest.crm.back.kind === 'none';
    const reached = (object: string) => new Set([...channels].flatMap((channel) => this.oracle.rowsFor(object, channel)));
    const beyond = this.oracle.map.objects.flatMap(({ object }) => {
      const within = reached(object);
      return this.oracle
        .rowsFor(object)
        .filter((row) => row.owner !== 'sync' && !opaque.includes(row.id))
        .filter((row) => !within.has(row) || (isBlind && row.owner === 'crm'));
    });
    return { judged: judged - beyond.length, of };
  }

  /** Identifiers and canaries that belong to one patient of a cohort alone, with that patient's record key. */
  tokensOf(cohort: string): Map<string, string> {
    const owners = new Map<string, string>();
    for (const history of this.facts.truthOf(cohort)) {
      if (history.type !== 'Patient') continue;
      // Two people share a word of a twin's name, or by chance a plain surname: that proves nothing.
      for (const token of tokensIn(history))
        owners.set(token, owners.has(token) && owners.get(token) !== history.key ? '' : history.key);
    }
    for (const [token, owner] of owners) if (owner === '') owners.delete(token);
    return owners;
  }

  /** The patient that a CRM row stands for, or is about. */
  patientOf(row: History<Row>): History<Resource> | undefined {
    const truth = this.truthBehind(row);
    if (!truth || truth.type === 'Patient') return truth;
    const reference = patientReference(imageAt(truth) ?? {});
    return reference ? this.facts.truth.get(`ehr/${truth.tenant}/${reference}`) : undefined;
  }

  /** The record whose key a CRM row carries. */
  truthBehind(row: History<Row>): History<Resource> | undefined {
    const object = this.oracle.object(row.type);
    // What a deleted row held counts too.
    const key = object && row.versions.findLast((version) => version.image?.[object.key])?.image?.[object.key];
    if (!object || key === undefined) return undefined;
    const cohort = row.cohort ?? '';
    const byKey = this.#once(`records by key of ${object.object} of ${cohort}`, cohort, () => {
      const own = this.facts.truthOf(cohort).filter((history) => history.type === object.source);
      return new Map(
        own
          .toReversed()
          .flatMap((one) => this.oracle.keysOf(object, one, this.truthContext(one)).map((own) => [own, one] as const)),
      );
    });
    return byKey.get(String(key));
  }

  /** Values that the subject wrote into EHR-owned fields and that the EHR never held. */
  inventedValues(row: History<Row>): Finding[] {
    const truth = this.truthBehind(row);
    if (!truth) return [];
    const rows = this.oracle.rowsFor(row.type).filter((r) => r.owner === 'ehr' && r.transform !== 'opaque');
    // Whose an appointment is can change with a merge: what it was then, and what it is now.
    const moments = [...truth.versions.map((version) => version.at), Number.POSITIVE_INFINITY];
    const known = new Map<MapRow, FieldValue[]>();
    const admissible = (r: MapRow): FieldValue[] => {
      const when = this.oracle.isOfTheMoment(r) ? [...moments, ...this.#chartMoments(truth, r)] : [Number.POSITIVE_INFINITY];
      const values = known.get(r) ?? [
        ...new Set(when.flatMap((moment) => this.oracle.admissible(r, truth, this.#context(truth, moment)))),
      ];
      known.set(r, values);
      return values;
    };
    return row.versions.flatMap((version, i) => {
      if (!version.actor.startsWith('client:') || !version.image) return [];
      const before = row.versions[i - 1]?.image ?? ({} as Partial<Row>);
      return rows.flatMap((r) => {
        const value = version.image?.[r.field];
        if (value === undefined || value === null || value === before[r.field]) return [];
        const allowed = admissible(r);
        if (allowed.some((one) => this.oracle.same(r, one, value, (id) => this.#keyOfRow(row.tenant, id, version.at)))) return [];
        const message = `${row.type}.${r.field} was given a value that the EHR never held.`;
        return [
          fail('invented-value', message, {
            row: r.id,
            expected: allowed.filter(Boolean).join(' or ') || '(empty)',
            actual: String(value),
            evidence: [version.event],
          }),
        ];
      });
    });
  }

  #site(name: string): SiteManifest | undefined {
    return this.#manifest.sites.find((site) => site.name === name);
  }

  #served(history: History<Resource>, at: number): boolean {
    const site = this.#site(history.tenant);
    const first = history.versions[0]!.ref;
    return (site ? readChannels(site) : []).some((channel) => {
      const served = this.facts.servedAt(first, `${history.tenant}/${channel}`);
      return served !== undefined && served <= at;
    });
  }

  #keyOfRow(tenant: string, id: string, at = Number.POSITIVE_INFINITY): string | undefined {
    for (const object of this.oracle.map.objects) {
      const image = imageAt(this.facts.crm.get(`crm/${tenant}/${object.object}/${id}`), at);
      if (image) return image[object.key] as string | undefined;
    }
    return undefined;
  }

  #context(history: History<Resource>, at = Number.POSITIVE_INFINITY): ExpectContext {
    const edits = Object.fromEntries(Object.entries(this.#edits(history, at)).map(([field, edit]) => [field, edit.value]));
    return { edits, ...this.truthContext(history, at) };
  }

  /** What the oracle may look at beside a record's own history, as it was at a moment; without what CRM users did. */
  truthContext(history: History<Resource>, at = Number.POSITIVE_INFINITY): ExpectContext {
    return {
      today: this.facts.first?.wall.slice(0, 10),
      resolve: (reference) => imageAt(this.facts.truth.get(`ehr/${history.tenant}/${reference}`), at),
      chart: () => this.#chart(history, at),
    };
  }

  // Asked for each of a thousand records: looked at once as long as nothing is written.
  #hasEdits(cohort: string): boolean {
    return this.#once(`edits ${cohort}`, cohort, () =>
      this.facts.crmOf(cohort).some((row) => row.versions.some((v) => v.actor.startsWith('user:'))),
    );
  }

  // The last value that CRM users gave the fields of the rows of a record.
  #edits(history: History<Resource>, at: number): Record<string, { value: unknown; event: string }> {
    const edits: Record<string, { value: unknown; event: string }> = {};
    if (!this.#hasEdits(history.cohort ?? '')) return edits;
    const object = this.oracle.objectsFor(history.type)[0];
    const key = object && this.oracle.keyOf(object, history);
    for (const row of object ? this.#rowsWithKey(history.cohort ?? '', object.object, object.key, key, at) : []) {
      row.versions.forEach((version, i) => {
        if (version.at > at || !version.actor.startsWith('user:')) return;
        // Who deleted a row emptied no field of it.
        for (const field of version.image ? changedFields(row.versions[i - 1]?.image, version.image) : [])
          edits[field] = { value: version.image?.[field] ?? null, event: version.event };
      });
    }
    return edits;
  }
}

/** How many sub-cases of a check hold at a site; what cannot be laid to one of them is laid to all. */
function casesHeld({ cases }: CheckDefinition, found: readonly Finding[]): CheckResult['cases'] {
  const of = cases?.length ?? 1;
  const bad = found.filter(({ verdict }) => verdict !== 'pass' && verdict !== 'attested');
  const named = new Set(bad.map(({ sub }) => sub));
  const isNamed = [...named].every((sub) => sub !== undefined && cases?.includes(sub));
  return { of, passed: isNamed ? of - named.size : 0 };
}

/** Identifiers and canaries that a patient ever had, in the spelling in which texts are searched for them. */
function tokensIn(history: History<Resource>): Set<string> {
  return new Set(
    history.versions.flatMap(({ image }) => {
      const { identifier = [] } = (image ?? {}) as { identifier?: { value?: string }[] };
      return [
        ...identifier.flatMap(({ value = '' }) => (value.length >= 5 ? [value] : [])),
        ...findCanaries(JSON.stringify(image)),
      ];
    }),
  );
}

function until<T>(history: History<T>, at: number): History<T> {
  return at === Number.POSITIVE_INFINITY
    ? history
    : { ...history, versions: history.versions.filter((version) => version.at <= at) };
}
