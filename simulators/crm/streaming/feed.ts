import { type JournalEvent, LIMIT, shownAt, shownText } from '#kernel';
import type { Org } from '../org.ts';
import type { SObjectType } from '../schema.ts';
import type { Row } from '../values.ts';
import { changeEvents, entityOf, type Message, STEP, schemaId } from './change-events.ts';
import { Topics, topicEvents } from './topics.ts';

const KEPT_MS = 72 * 3_600_000;
const TOPIC_KEPT_MS = 24 * 3_600_000;
const keptFor = (channel: string): number => (channel.startsWith('/topic/') ? TOPIC_KEPT_MS : KEPT_MS);

/** Events as subscribers get them: those of commits come from the journal, platform events are kept beside it. */
export class Feed {
  #org: Org;
  #topics: Topics;
  #insert;
  #read;
  #listeners = new Set<(messages: Message[]) => void>();
  #unsubscribe?: () => void;

  constructor(org: Org) {
    this.#org = org;
    this.#topics = new Topics(org.store, () => org.kernel.clock.now());
    const { sql } = org.kernel.database;
    sql.exec('CREATE TABLE IF NOT EXISTS crm_event (replay INTEGER PRIMARY KEY, channel TEXT, at INTEGER, json TEXT)');
    this.#insert = sql.prepare('INSERT INTO crm_event VALUES (?, ?, ?, ?)');
    this.#read = sql.prepare(
      `SELECT replay, json FROM crm_event WHERE channel = ? AND replay > ? AND at > ? ORDER BY replay ${LIMIT}`,
    );
  }

  /** Whether there is such a channel, for somebody with this view of the schema. */
  exists(channel: string, userId: string): boolean {
    const schema = this.#org.viewOf(userId);
    if (channel.startsWith('/event/')) return schema.type(channel.slice(7))?.definition.event === true;
    if (channel.startsWith('/topic/')) {
      const topic = this.#topics.all(this.#org.schema).find((one) => one.channel === channel);
      return Boolean(topic && schema.type('PushTopic') && schema.type(topic.type.name));
    }
    return entityOf(channel, schema) !== undefined;
  }

  /** Hears what is published from now on. Returns the way to stop. */
  listen(listener: (messages: Message[]) => void): () => void {
    this.#listeners.add(listener);
    this.#unsubscribe ??= this.#org.kernel.journal.subscribe((event) => {
      if (this.#mine(event)) this.#tell(this.#told(event));
    }, 'commit');
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#unsubscribe?.();
      this.#unsubscribe = undefined;
    };
  }

  /** Publishes a platform event. */
  publish(type: SObjectType, fields: Row, userId: string, uuid: string): void {
    const { kernel } = this.#org;
    const now = kernel.clock.now();
    // Not every number is used, as in the real event bus.
    const replayId = kernel.count('crm/event') * 3 + 4;
    const channel = `/event/${type.name}`;
    const payload: Record<string, unknown> = { CreatedDate: new Date(now).toISOString(), CreatedById: userId };
    for (const { name } of type.definition.fields) payload[name] = fields[name] ?? null;
    const data = { schema: schemaId(type.name), payload, event: { replayId, EventUuid: uuid } };
    this.#insert.run(replayId, channel, now, JSON.stringify(data));
    this.#tell([{ channels: [channel], replayId, data, served: [] }]);
  }

  /** Whether a replay id may stand in a subscription: -1, -2, or one of what is kept. */
  replayable(channel: string, replayId: number): boolean {
    if (replayId === -1 || replayId === -2) return true;
    if (!Number.isInteger(replayId) || replayId < 0) return false;
    const { kernel } = this.#org;
    if (channel.startsWith('/event/')) return replayId <= kernel.cell<number>('kernel.counters').get('crm/event')! * 3 + 4;
    const seq = Math.floor(replayId / STEP);
    if (seq > kernel.journal.head) return false;
    const [event] = kernel.journal.read({ after: seq - 1, limit: 1 });
    return !event || shownAt(kernel.clock, event.wall) > kernel.clock.now() - keptFor(channel);
  }

  /** Kept events of a channel after a position, piece by piece; the position to go on from. */
  past(channel: string, after: number): { messages: Message[]; next: number; done: boolean } {
    const { kernel } = this.#org;
    const oldest = kernel.clock.now() - keptFor(channel);
    if (channel.startsWith('/event/')) {
      const rows = this.#read.all(channel, after, oldest, 200);
      const messages = rows.map(
        ({ replay, json }): Message => ({
          channels: [channel],
          replayId: Number(replay),
          data: JSON.parse(String(json)),
          served: [],
        }),
      );
      return { messages, next: messages.at(-1)?.replayId ?? after, done: rows.length < 200 };
    }
    // All events of a commit stand before those of the next.
    const from = after < 0 ? 0 : Math.floor(after / STEP) - 1;
    const events = kernel.journal.read({ after: Math.max(from, 0), limit: 50, kind: 'commit' });
    const messages = events
      .filter((event) => this.#mine(event) && shownAt(kernel.clock, event.wall) > oldest)
      .flatMap((event) => this.#told(event))
      .filter((message) => message.replayId > after && message.channels.includes(channel));
    const last = events.at(-1)?.seq;
    return { messages, next: last === undefined ? after : Math.max(after, (last + 1) * STEP), done: events.length < 50 };
  }

  #told(journalled: JournalEvent): Message[] {
    const { schema, kernel } = this.#org;
    const wall = shownText(kernel.clock, journalled.wall);
    const event = wall === journalled.wall ? journalled : { ...journalled, wall };
    return [...changeEvents(event, schema), ...topicEvents(event, this.#topics.all(schema), schema)];
  }

  #mine({ kind, sim, tenant, actor }: JournalEvent): boolean {
    return kind === 'commit' && sim === 'crm' && tenant === this.#org.id && actor !== 'system';
  }

  #tell(messages: Message[]): void {
    for (const listener of this.#listeners) listener(messages);
  }
}
