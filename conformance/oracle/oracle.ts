import { toTypedValue } from '@medplum/core';
import { isSelective, tellsOf } from '../manifest/read-channels.ts';
import { type Chart, chartVariable, compilePath, siteVariables } from '../map/fhirpath.ts';
import type { FieldValue } from '../map/field-types.ts';
import { type DataMap, isExclusion, type MapObject, type MapRow, sourceTypes } from '../map/map.ts';
import { type Condition, compileCondition } from '../map/soql-condition.ts';
import type {
  Coverage,
  ExpectContext,
  ExpectedField,
  ExpectedRecord,
  Judgement,
  OracleSite,
  TruthHistory,
  Unjudged,
} from './expectation.ts';
import { compileRule, type Outcome, type Rule } from './expected-value.ts';
import { Outcomes } from './outcomes.ts';
import { Repetitions } from './repetitions.ts';
import type { TransformContext } from './transforms.ts';
import { isInError, isReplaced, survivingPatient } from './truth.ts';

export type * from './expectation.ts';

/** Fields that every row of a CRM has beside the map's. */
export const SYSTEM_FIELDS: readonly string[] = [
  'Id',
  'IsDeleted',
  'CreatedDate',
  'CreatedById',
  'LastModifiedDate',
  'LastModifiedById',
  'SystemModstamp',
  'OwnerId',
  'attributes',
];

const show = (value: unknown): string => (value === null || value === undefined || value === '' ? '(empty)' : String(value));
const isEmpty = (value: unknown): boolean => value === null || value === undefined || value === '';

/** A map compiled with the sites whose truth it maps: what the CRM must hold, as pure functions of truth. */
export class Oracle {
  readonly map: DataMap;
  #sites: ReadonlyMap<string, OracleSite>;
  #rules = new Map<string, Rule[]>();
  #ruleOf = new Map<string, Rule>();
  #live = new Map<string, Condition>();
  // Lookups excepted, which look elsewhere.
  #outcomes = new Outcomes();
  #repetitions = new Repetitions();

  /** Throws an Error for a map or site that `lintMap` would not let pass. */
  constructor(map: DataMap, sites: readonly OracleSite[]) {
    this.map = map;
    this.#sites = new Map(sites.map((site) => [site.name, site]));
    for (const object of map.objects) {
      const rules = map.rows
        .filter((row) => row.object === object.object && !isExclusion(row))
        .map((row) => compileRule(row, map.tables));
      this.#rules.set(object.object, rules);
      this.#outcomes.add(object.source, rules);
      for (const rule of rules) this.#ruleOf.set(`${object.object}.${rule.row.field}`, rule);
      if (object.live_when) this.#live.set(object.object, compileCondition(object.live_when));
      if (object.create_when) compilePath(object.create_when);
    }
  }

  object(name: string): MapObject | undefined {
    return this.map.objects.find((object) => object.object === name);
  }

  /** The CRM objects that mirror a resource type, one row to a resource. */
  objectsFor(resourceType: string): MapObject[] {
    return this.map.objects.filter((object) => object.source === resourceType && object.each === '');
  }

  row(object: string, field: string): MapRow | undefined {
    return this.#ruleOf.get(`${object}.${field}`)?.row;
  }

  /** The rows of an object; those that reach the subject by a channel (`hl7`, `v1`, any other), where one is named. */
  rowsFor(object: string, channel?: string): MapRow[] {
    const rows = (this.#rules.get(object) ?? []).map((rule) => rule.row);
    return channel === undefined ? rows : rows.filter((row) => onChannel(this.map, row, channel));
  }

  /** Fields that the map lets the subject write, with those that every row has. */
  allowedFields(object: string): ReadonlySet<string> {
    const own = this.object(object);
    const named = [own?.key, own?.authority, own?.parent].filter((name): name is string => !!name);
    return new Set([...SYSTEM_FIELDS, ...named, ...this.rowsFor(object).map((row) => row.field)]);
  }

  /** Whether a CRM row counts as live. Without a rule every row that is not deleted does. */
  live(object: string, row: Readonly<Record<string, unknown>> | null | undefined): boolean {
    return !!row && row.IsDeleted !== true && (this.#live.get(object)?.test(row) ?? true);
  }

  /** Whether a row of the map keeps something of a patient's chart out of the CRM, all traces of it included. */
  excludes(patient: object, chart: Chart, site: string): boolean {
    const known = this.#sites.get(site);
    const variables = { ...(known && siteVariables(known)), ...chartVariable(chart) };
    return this.map.rows
      .filter(isExclusion)
      .some((row) => compilePath(row.source)([toTypedValue(patient)], variables).length > 0);
  }

  /** Whether a commit of this act may change the field. */
  triggers(row: MapRow, act: string): boolean {
    return this.#rule(row).triggeredBy(act);
  }

  /** Identity of the newest image that has one, in the form of the object's key field. */
  keyOf(object: MapObject, truth: TruthHistory, context: ExpectContext = {}): string | undefined {
    const rule = this.#ruleOf.get(`${object.object}.${object.key}`);
    const site = this.#sites.get(truth.tenant);
    if (!rule || !site) return undefined;
    for (const { image } of truth.versions.toReversed()) {
      const outcome = image && this.#outcome(rule, image, site, context);
      if (outcome?.state === 'value') return String(outcome.value);
    }
    return undefined;
  }

  /** Every key that a record ever had in an object: one, or as many as it has rows there. */
  keysOf(object: MapObject, truth: TruthHistory, context: ExpectContext = {}): string[] {
    if (object.each !== '') return [...this.#parts(object, truth, context).keys()];
    const key = this.keyOf(object, truth, context);
    return key === undefined ? [] : [key];
  }

  /** The rows that the truth about one record asks for: one for each CRM object that mirrors its type, or each of its elements. */
  expect(truth: TruthHistory, context: ExpectContext = {}): ExpectedRecord[] {
    const newest = truth.versions.at(-1)?.image ?? null;
    return this.map.objects
      .filter((object) => object.source === truth.type)
      .flatMap((object) =>
        object.each === ''
          ? [this.#record(object, truth, context, newest)]
          : [...this.#parts(object, truth, context).values()].map((part) => this.#record(object, part, context, newest)),
      );
  }

  /** What a row makes of one image: for write-back (is the CRM's value in the EHR?) and for single values. */
  outcome(row: MapRow, image: object, site: string, context: ExpectContext = {}): Outcome {
    const known = this.#sites.get(site);
    if (!known) throw new Error(`the oracle knows no site "${site}"`);
    return this.#outcome(this.#rule(row), image, known, context);
  }

  /** Whether what a row makes of an image depends on other records, and so on when it is asked. */
  isOfTheMoment(row: MapRow): boolean {
    const rule = this.#rule(row);
    return rule.row.transform === 'parent' || rule.readsChart;
  }

  /** Every value that the truth ever asked for in a field: invariant G3 allows no other in a row that the EHR owns. */
  admissible(row: MapRow, truth: TruthHistory, context: ExpectContext = {}): FieldValue[] {
    const rule = this.#rule(row);
    const site = this.#sites.get(truth.tenant);
    const values = new Set<FieldValue>([rule.type.type.empty]);
    const object = this.object(row.object);
    const parts = object && object.each !== '' ? [...this.#parts(object, truth, context).values()] : [truth];
    for (const { image } of site ? parts.flatMap(({ versions }) => versions) : []) {
      const outcome = image && this.#outcome(rule, image, site as OracleSite, context);
      if (outcome?.state === 'value') values.add(outcome.value);
      if (outcome?.state === 'invalid' && rule.onInvalid === 'raw') values.add(outcome.raw);
    }
    for (const otherwise of [rule.onMissing, rule.onInvalid]) if (typeof otherwise === 'object') values.add(otherwise.literal);
    return [...values];
  }

  /**
   * Compares a CRM value with what is expected, as its field type means it.
   * @param keyOfRow for lookups: the key that the row with this CRM id carries.
   */
  judge(expected: ExpectedField, actual: unknown, keyOfRow?: (id: string) => string | undefined): Judgement {
    const { type, tolerance } = this.#rule(expected.row);
    const found = isEmpty(actual)
      ? type.type.empty
      : type.name === 'lookup'
        ? (keyOfRow?.(String(actual)) ?? `unknown row ${actual}`)
        : actual;
    const same = (value: FieldValue): boolean => {
      if (isEmpty(value) || isEmpty(found)) return isEmpty(value) && isEmpty(found);
      const tooLong = type.size !== undefined && typeof value === 'string' && value.length > type.size;
      return tooLong ? isCutOf(value, found, type.size!) : type.type.same(value, found, tolerance);
    };
    const judged = expected.unjudged === undefined;
    return {
      judged,
      ok: !judged || expected.values.some(same),
      exact: expected.values.some((value) => value === found || (isEmpty(value) && isEmpty(found))),
      expected: judged ? expected.values.map(show).join(' or ') : `(not judged: ${expected.unjudged})`,
      actual: show(found),
    };
  }

  /** Whether a CRM value means the same as another in this field: for admissible values and for write-back. */
  same(row: MapRow, value: FieldValue, actual: unknown, keyOfRow?: (id: string) => string | undefined): boolean {
    return this.judge({ row, values: [value] }, actual, keyOfRow).ok;
  }

  coverage(): Coverage {
    const rules = [...this.#rules.values()].flat();
    const sync = rules.filter((rule) => rule.row.owner === 'sync').map((rule) => rule.row.id);
    const opaque = rules.filter((rule) => rule.opaque && rule.row.owner !== 'sync').map((rule) => rule.row.id);
    const of = rules.length - sync.length;
    return { judged: of - opaque.length, of, opaque, sync };
  }

  #parts(object: MapObject, truth: TruthHistory, context: ExpectContext): Map<string, TruthHistory> {
    const site = this.#sites.get(truth.tenant);
    const rule = this.#ruleOf.get(`${object.object}.${object.key}`);
    if (!site || !rule) return new Map();
    return this.#repetitions.of(object, truth, site, (element) => {
      const outcome = this.#outcome(rule, element, site, context);
      return outcome.state === 'value' ? String(outcome.value) : undefined;
    });
  }

  #rule(row: MapRow): Rule {
    const rule = this.#ruleOf.get(`${row.object}.${row.field}`);
    if (!rule) throw new Error(`${row.id} is no row of this map`);
    return rule;
  }

  #outcome(rule: Rule, image: object, site: OracleSite, context: ExpectContext): Outcome {
    if (rule.row.transform === 'parent' || rule.readsChart)
      return rule.outcome(image, this.#transformContext(image, site, context));
    return this.#outcomes.of(rule, image, () => rule.outcome(image, this.#transformContext(image, site, context)));
  }

  #transformContext(image: object, site: OracleSite, context: ExpectContext): TransformContext {
    return {
      site,
      resource: this.#repetitions.whole(image),
      chart: context.chart,
      today: context.today,
      parentKey: (reference) => {
        const type = reference.split('/').at(-2) ?? '';
        const image = survivingPatient(reference, context.resolve);
        const object = image && this.objectsFor(type)[0];
        return object ? this.keyOf(object, { tenant: site.name, type, versions: [{ act: '', image }] }, context) : undefined;
      },
    };
  }

  /** @param whole the newest image of the resource; that of `truth`, unless it is of an element. */
  #record(object: MapObject, truth: TruthHistory, context: ExpectContext, whole: object | null): ExpectedRecord {
    const site = this.#sites.get(truth.tenant);
    if (!site) throw new Error(`the oracle knows no site "${truth.tenant}"`);
    const rules = this.#rules.get(object.object) ?? [];
    const newest = truth.versions.at(-1)?.image ?? null;
    const fate =
      whole !== null && !isInError(whole) && isReplaced(whole)
        ? (ON_MERGE[object.on_merge] ?? 'inactive')
        : newest === null || whole === null || isInError(whole)
          ? (ON_DELETE[object.on_delete] ?? 'inactive')
          : 'present';
    const key = this.keyOf(object, truth, context);
    const inScope = newest !== null && this.#inScope(object, newest, site);
    const quarantinedBy =
      fate === 'present'
        ? rules.find(
            (rule) =>
              rule.onInvalid === 'quarantine' &&
              !rule.opaque &&
              this.#outcome(rule, newest as object, site, context).state === 'invalid',
          )?.row
        : undefined;
    const fields: Record<string, ExpectedField> = {};
    for (const rule of rules) {
      const why: Unjudged | undefined = fate !== 'present' ? 'gone' : quarantinedBy && 'quarantined';
      fields[rule.row.field] = why ? { row: rule.row, values: [], unjudged: why } : this.#field(rule, truth, site, context);
    }
    const kinds = site.channels?.read.map(({ kind }) => kind) ?? [];
    const own = this.#ruleOf.get(`${object.object}.${object.key}`)?.row;
    const isReached = kinds.length === 0 || !own || kinds.some((kind) => onChannel(this.map, own, kind));
    const create = isReached && fate === 'present' && inScope && key !== undefined && !quarantinedBy;
    return { object, site: site.name, keyField: object.key, key, create, fate, quarantinedBy, fields };
  }

  #inScope(object: MapObject, image: object, site: OracleSite): boolean {
    if (object.create_when === '') return true;
    const variables = { ...siteVariables(site), '%resource': toTypedValue(this.#repetitions.whole(image)) };
    return compilePath(object.create_when)([toTypedValue(image)], variables)[0] === true;
  }

  #field(rule: Rule, truth: TruthHistory, site: OracleSite, context: ExpectContext): ExpectedField {
    const { row } = rule;
    const not = (unjudged: Unjudged): ExpectedField => ({ row, values: [], unjudged });
    const edit = context.edits && Object.hasOwn(context.edits, row.field) ? context.edits[row.field] : undefined;
    const edited = edit === undefined ? undefined : ((edit === '' ? null : edit) as FieldValue);
    if (row.owner === 'sync') return not('sync-owned');
    if (row.owner === 'crm') return edited === undefined ? not('crm-owned') : { row, values: [edited] };
    if (rule.opaque) return not('opaque');
    if (edited !== undefined && row.owner === 'shared' && row.conflict === 'manual') return not('undecided');
    const kinds = site.channels?.read.map(({ kind }) => kind) ?? [];
    if (kinds.length > 0 && !kinds.some((kind) => onChannel(this.map, row, kind))) return not('not-on-channel');
    const field = this.#fromTruth(rule, truth, site, context);
    if (edited !== undefined && row.owner === 'shared' && row.conflict === 'most-restrictive')
      return field.unjudged || !rule.strictest
        ? not('undecided')
        : { row, values: [rule.strictest(field.values[0] ?? null, edited)] };
    const winner = this.#later(rule, truth, site, context);
    if (edited !== undefined && row.owner === 'shared' && row.conflict === 'newest' && winner)
      return winner === 'crm' ? { row, values: [edited] } : field;
    // Which of two edits is newer cannot be told across two clocks closer than their error: either may stand.
    if (edited !== undefined && row.owner === 'shared' && !field.unjudged) return { row, values: [...field.values, edited] };
    return field;
  }

  // A record that says when it was decided settles which of two decisions is newer: the statement's own time, not that of a clock.
  #later({ row }: Rule, truth: TruthHistory, site: OracleSite, context: ExpectContext): 'ehr' | 'crm' | undefined {
    const said = this.#rules.get(row.object)?.find((one) => one.row.source === `${truth.type}.dateTime`);
    const image = truth.versions.at(-1)?.image;
    const edit = said && context.edits?.[said.row.field];
    const held = said && image && this.#outcome(said, image, site, context);
    if (!edit || held?.state !== 'value') return undefined;
    const ahead = Date.parse(String(edit)) - Date.parse(String(held.value));
    if (Math.abs(ahead) <= said.tolerance) return undefined;
    return ahead > 0 ? 'crm' : 'ehr';
  }

  #fromTruth(rule: Rule, truth: TruthHistory, site: OracleSite, context: ExpectContext): ExpectedField {
    const { row } = rule;
    const versions = rule.readsChart
      ? truth.versions.filter(({ image }) => image !== null).slice(-1)
      : truth.versions.filter(({ act, image }) => image !== null && rule.triggeredBy(act)).toReversed();
    let asked = false;
    for (const { image } of versions) {
      const outcome = this.#outcome(rule, image as object, site, context);
      asked = true;
      if (outcome.state === 'value') return { row, values: [outcome.value] };
      const otherwise = outcome.state === 'missing' ? rule.onMissing : rule.onInvalid;
      if (typeof otherwise === 'object') return { row, values: [otherwise.literal] };
      if (otherwise === 'clear') return { row, values: [rule.type.type.empty] };
      if (otherwise === 'raw' && outcome.state === 'invalid') return { row, values: [outcome.raw] };
      if (otherwise === 'quarantine') return { row, values: [], unjudged: 'quarantined' };
      // `keep`: what an older version asked for stays.
    }
    return { row, values: [], unjudged: asked ? 'never-held' : 'not-triggered' };
  }
}

/** Compiles a map for some sites: `new Oracle`, by the name under which the rest of the judge asks for it. */
export const compileOracle = (map: DataMap, sites: readonly OracleSite[]): Oracle => new Oracle(map, sites);

const ON_DELETE: Record<string, ExpectedRecord['fate']> = { deactivate: 'inactive', delete: 'deleted', keep: 'kept' };
const ON_MERGE: Record<string, ExpectedRecord['fate']> = { 'move-and-deactivate': 'inactive', 'move-and-delete': 'deleted' };

/**
 * Whether a row of the map can be had on a channel. Only messages and athena's v1 have columns of their own; what tells of some
 * types alone does not bring what is taken from others.
 */
export function onChannel(map: DataMap, row: MapRow, channel: string): boolean {
  if (channel === 'hl7') return row.v2 !== '';
  // What the feeds of athena's v1 tell is in its v1; a map without that column says that charts are then read by FHIR.
  if (channel === 'changed' && row.v1 === '' && hasV1(map)) return false;
  if (isSelective(channel)) return sourceTypes(map, row).every((type) => tellsOf(channel, type));
  return channel === 'v1' ? row.v1 !== '' : true;
}

const withV1 = new WeakMap<DataMap, boolean>();

/** Whether a map says of any row where it is in athenahealth's v1. */
function hasV1(map: DataMap): boolean {
  const known = withV1.get(map) ?? map.rows.some(({ v1 }) => v1 !== '');
  withV1.set(map, known);
  return known;
}

/** What a cut may end in. */
const MARK = /\s*(…|\.\.\.|\*|~|\[(cut|truncated)\])?$/i;

// A text that is too long cannot be copied whole. Where it is cut, and with what mark, is the subject's to say; but what is left
// has to be its beginning, and most of what fits.
function isCutOf(whole: string, actual: unknown, size: number): boolean {
  const kept = String(actual).replace(MARK, '');
  return whole.startsWith(kept) && String(actual).length <= size && kept.length >= size / 2;
}
