import type { JournalEvent } from '#kernel';
import { CrmError } from '../errors.ts';
import type { FieldDefinition, Schema, SObjectType } from '../schema.ts';
import { Binder } from '../soql/bind.ts';
import { compile } from '../soql/condition.ts';
import { SoqlError } from '../soql/error.ts';
import { type Condition, parseQuery } from '../soql/parse.ts';
import type { Store, Stored } from '../store.ts';
import { type Row, type Value, wireValue } from '../values.ts';
import { changesOf, type Kind, type Message, STEP } from './change-events.ts';

/** PushTopic events: a query, and its rows as they change (Streaming API Developer Guide, "PushTopic Queries"). */
export interface Topic {
  channel: string;
  type: SObjectType;
  shown: readonly FieldDefinition[];
  matches: (row: Row) => boolean;
  /** Fields whose change is told; absent: every one. */
  heeded?: readonly string[];
  told: Readonly<Record<Kind, boolean>>;
  /** Nothing older is told: the stamps of records are one series. */
  since: string;
}

const EVENT = { CREATE: 'created', UPDATE: 'updated', DELETE: 'deleted', UNDELETE: 'undeleted' } as const;
const MOST_TOPICS = 200;

function fieldsOf(condition: Condition): string[][] {
  if (condition.kind === 'not') return fieldsOf(condition.item);
  return condition.kind === 'compare' ? [condition.path] : condition.items.flatMap(fieldsOf);
}

const refuse = (what: string): SoqlError => new SoqlError('INVALID_FIELD', `A PushTopic query ${what}`);

/** @throws SoqlError when the query is none that a topic may have */
function topicOf(row: Row, schema: Schema, now: () => number): Topic {
  const source = String(row.Query);
  const query = parseQuery(source);
  const binder = new Binder(schema, source);
  const type = binder.type(query);
  const { select, groupBy, having, orderBy, limit, offset, scope, purpose, where: asked } = query;
  const more = [having, limit, offset, scope, purpose].some((one) => one !== undefined);
  if (more || groupBy.length > 0 || orderBy.length > 0) throw refuse('has nothing but SELECT, FROM and WHERE');
  const shown = select.map((item) => {
    if (item.kind !== 'field' || item.fn || item.alias || item.path.length > 1)
      throw refuse('selects fields of its own object only');
    return binder.expression(type, item).field;
  });
  if (!shown.some(({ name }) => name === 'Id')) throw refuse('must select Id');
  const where = asked && binder.condition(type, asked);
  const tested = where ? fieldsOf(where) : [];
  if (tested.some((path) => path.length > 1)) throw refuse('tests fields of its own object only');
  const read = (one: Row, [name = '']: readonly string[]): Value => valueIn(type, one, name);
  const selected = shown.map(({ name }) => name);
  const heeded = { All: undefined, Select: selected, Where: tested.flat(), Referenced: [...selected, ...tested.flat()] };
  return {
    channel: `/topic/${row.Name}`,
    type,
    shown,
    matches: where ? compile(where, read, { now }) : () => true,
    heeded: heeded[String(row.NotifyForFields ?? 'Referenced') as keyof typeof heeded],
    told: {
      CREATE: row.NotifyForOperationCreate === true,
      UPDATE: row.NotifyForOperationUpdate === true,
      DELETE: row.NotifyForOperationDelete === true,
      UNDELETE: row.NotifyForOperationUndelete === true,
    },
    since: String(row.CreatedDate),
  };
}

const valueIn = (type: SObjectType, row: Row, name: string): Value =>
  row[name] ?? (type.field(name)?.type === 'boolean' ? false : null);

/** Refuses a topic whose query will not do. @throws CrmError */
export function checkTopic(row: Row, schema: Schema, now: () => number): void {
  try {
    topicOf(row, schema, now);
  } catch (error) {
    if (!(error instanceof SoqlError)) throw error;
    const { code, message } = error;
    throw new CrmError(code === 'NOT_IMPLEMENTED' ? 501 : 400, [{ errorCode: code, message, fields: ['Query'] }]);
  }
}

/** The active topics of an org, read and compiled once for each edition of them. */
export class Topics {
  #store: Store;
  #now: () => number;
  #known = new Map<string, { schema: Schema; revision: number; topic?: Topic }>();
  #all?: { schema: Schema; edition: number; topics: readonly Topic[] };

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  all(schema: Schema): readonly Topic[] {
    const type = schema.type('PushTopic');
    if (!type) return [];
    const edition = this.#store.edition(type);
    // Asked with every commit.
    if (this.#all?.edition === edition && this.#all.schema === schema) return this.#all.topics;
    const rows = this.#store.scan(type, { after: 0, limit: MOST_TOPICS, deleted: false });
    const topics = rows.filter(({ row }) => row.IsActive === true).flatMap((stored) => this.#compiled(stored, schema) ?? []);
    this.#all = { schema, edition, topics };
    return topics;
  }

  #compiled({ id, version, row }: Stored, schema: Schema): Topic | undefined {
    const key = `${id}/${version}`;
    const known = this.#known.get(key);
    const { revision } = schema.drifts;
    if (known?.schema === schema && known.revision === revision) return known.topic;
    if (this.#known.size > MOST_TOPICS) this.#known.clear();
    let topic: Topic | undefined;
    try {
      topic = topicOf(row, schema, this.#now);
    } catch (error) {
      // The object has changed since: nothing is told any more.
      if (!(error instanceof SoqlError)) throw error;
    }
    this.#known.set(key, { schema, revision, topic });
    return topic;
  }
}

/** What one commit tells the subscribers of topics. */
export function topicEvents(event: JournalEvent, topics: readonly Topic[], schema: Schema): Message[] {
  if (topics.length === 0) return [];
  return changesOf(event, schema).flatMap(({ type, kind, ref, before = {}, after }, i) =>
    topics.flatMap((topic): Message[] => {
      const { channel, heeded, matches, shown, since, told } = topic;
      if (topic.type.name !== type.name || !told[kind] || String(after.SystemModstamp) < since || !matches(after)) return [];
      const changed = (name: string) => (after[name] ?? null) !== (before[name] ?? null);
      if (kind === 'UPDATE' && heeded && !heeded.some(changed)) return [];
      const fields = kind === 'DELETE' ? shown.filter(({ name }) => name === 'Id') : shown;
      const sobject = Object.fromEntries(fields.map((field) => [field.name, wireValue(field, after[field.name])]));
      const replayId = event.seq * STEP + i + 1;
      const data = { event: { type: EVENT[kind], createdDate: event.wall, replayId }, sobject };
      return [{ channels: [channel], replayId, type: type.name, data, served: [ref] }];
    }),
  );
}
