import { digest, type JournalEvent, type RecordRef } from '#kernel';
import type { Schema, SObjectType } from '../schema.ts';
import type { Row, Value } from '../values.ts';

/** Change Data Capture from the commits of the journal: Change Data Capture Developer Guide, "Change Event Message Structure". */

interface ChangeData {
  schema: string;
  payload: Record<string, unknown>;
  event: Record<string, unknown>;
}

/** An event on a channel. */
export interface Message {
  channels: readonly string[];
  replayId: number;
  /** Type whose fields the payload shows; absent for platform events. */
  type?: string;
  /** Of a PushTopic: the record as its query shows it. */
  data: ChangeData | { event: Record<string, unknown>; sobject: Record<string, unknown> };
  /** Record versions that it shows. */
  served: RecordRef[];
}

/** Replay ids of one commit: its sequence number times this, and on. Clients must not count on their distance. */
export const STEP = 100_000;
const MOST_CHANGES = 100_000;
const MOST_BYTES = 1_000_000;

const SCHEMA_IDS = new Map<string, string>();

export function schemaId(name: string): string {
  const id = SCHEMA_IDS.get(name) ?? Buffer.from(digest('crm.event', name), 'hex').toString('base64url').slice(0, 22);
  SCHEMA_IDS.set(name, id);
  return id;
}

/** `/data/ContactChangeEvent`, `/data/Visit__ChangeEvent`. */
export const changeEventName = (type: string): string =>
  type.endsWith('__c') ? `${type.slice(0, -3)}__ChangeEvent` : `${type}ChangeEvent`;

/** Object whose changes a channel carries; `*` for all, undefined when there is no such channel. */
export function entityOf(channel: string, schema: Schema): string | undefined {
  if (channel === '/data/ChangeEvents') return '*';
  return schema.types.find((type) => emits(type) && channel === `/data/${changeEventName(type.name)}`)?.name;
}

/** Whether changes of these records are captured. */
export const emits = ({ definition }: SObjectType): boolean => !definition.readOnly && !definition.event;

const ADDRESS = /^(Mailing|Other|Billing|Shipping|PersonMailing|PersonOther|)(Street|City|State|PostalCode|Country)$/;
const NEVER = ['Id', 'IsDeleted', 'SystemModstamp'];

/** `FirstName` stands in `Name`, `MailingCity` in `MailingAddress`, where the type has the whole of them. */
function placeOf(type: SObjectType, name: string): [group: string | undefined, name: string] {
  if (/^(First|Last)Name$|^Salutation$/.test(name) && type.field('FirstName') && type.field('LastName')) return ['Name', name];
  const [, prefix, part] = ADDRESS.exec(name) ?? [];
  return part && type.field(`${prefix}Street`) ? [`${prefix}Address`, part] : [undefined, name];
}

/** A field whose changes are told, and where it stands in the payload. */
interface Captured {
  name: string;
  /** Its place among those of the type. */
  at: number;
  group: string | undefined;
  part: string;
  /** As changedFields names it. */
  place: string;
}

// Which fields a type has never changes, what they may hold does.
const CAPTURED = new WeakMap<SObjectType, ReadonlyMap<string, Captured>>();

function capturedOf(type: SObjectType): ReadonlyMap<string, Captured> {
  let known = CAPTURED.get(type);
  if (!known) {
    const told = type.fields.filter(({ name, computed }) => !NEVER.includes(name) && !computed);
    known = new Map(
      told.map(({ name }, at) => {
        const [group, part] = placeOf(type, name);
        return [name, { name, at, group, part, place: group ? `${group}.${part}` : name }];
      }),
    );
    CAPTURED.set(type, known);
  }
  return known;
}

function put(payload: Record<string, unknown>, { group, part }: Captured, value: Value): void {
  if (!group) payload[part] = value;
  else {
    payload[group] ??= {};
    (payload[group] as Record<string, unknown>)[part] = value;
  }
}

export type Kind = 'CREATE' | 'UPDATE' | 'DELETE' | 'UNDELETE';

export interface Change {
  type: SObjectType;
  kind: Kind;
  ref: RecordRef;
  before?: Row;
  after: Row;
}

/** The captured changes of a commit. */
export function changesOf({ records = [], before = [], after = [] }: JournalEvent, schema: Schema): Change[] {
  const changes: Change[] = [];
  for (const [i, ref] of records.entries()) {
    const type = schema.type(ref.type);
    if (!type || !emits(type)) continue;
    const shown = (row: Row): Row => schema.drifts.shown(type.name, row);
    const [old, now] = [before[i] ? shown(before[i] as Row) : undefined, shown(after[i] as Row)];
    const kind = !old ? 'CREATE' : now.IsDeleted === true ? 'DELETE' : old.IsDeleted === true ? 'UNDELETE' : 'UPDATE';
    changes.push({ type, kind, ref, before: old, after: now });
  }
  return changes;
}

const NOTHING: Row = {};

/** The fields in which two rows differ, in the order of the type: rows hold few of those that a type has. */
function different(type: SObjectType, before: Row, after: Row): Captured[] {
  const captured = capturedOf(type);
  const found: Captured[] = [];
  const add = (name: string) => {
    const field = captured.get(name);
    if (field) found.push(field);
  };
  for (const name in after) if ((after[name] ?? null) !== (before[name] ?? null)) add(name);
  for (const name in before) if (!(name in after) && (before[name] ?? null) !== null) add(name);
  return found.sort((a, b) => a.at - b.at);
}

/** What an event says beside its header. */
function bodyOf({ type, kind, before = NOTHING, after }: Change): { fields: Record<string, unknown>; changed: string[] } {
  const fields: Record<string, unknown> = {};
  if (kind === 'DELETE') return { fields, changed: [] };
  const told = different(type, kind === 'UPDATE' ? before : NOTHING, after);
  for (const field of told) put(fields, field, after[field.name] ?? null);
  return { fields, changed: kind === 'UPDATE' ? told.map(({ place }) => place) : [] };
}

const TRANSACTIONS = new Map<string, string>();

/** The key of a commit: of its process, and ending in its number. */
function transactionKey(process: string, seq: number): string {
  let head = TRANSACTIONS.get(process);
  if (head === undefined) {
    const hex = digest('crm.transaction', process);
    head = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-`;
    TRANSACTIONS.set(process, head);
  }
  return head + seq.toString(16).padStart(12, '0');
}

const TOLD = new WeakMap<SObjectType, { channels: readonly string[]; schema: string }>();

/** Where the changes of a type are told, and by which schema. */
function toldOf(type: SObjectType): { channels: readonly string[]; schema: string } {
  let known = TOLD.get(type);
  if (!known) {
    const name = changeEventName(type.name);
    known = { channels: [`/data/${name}`, '/data/ChangeEvents'], schema: schemaId(name) };
    TOLD.set(type, known);
  }
  return known;
}

/** The change events of one commit. The same change of several records is one event. */
export function changeEvents(event: JournalEvent, schema: Schema): Message[] {
  const changes = changesOf(event, schema);
  if (changes.length === 0) return [];
  const { seq, wall } = event;
  const data = event.data as { origin?: string; changeEvents?: 'gap' | 'overflow' } | undefined;
  const common = {
    changeOrigin: data?.origin ?? 'com/salesforce/api/soap/60.0;client=SfdcInternalAPI/',
    transactionKey: transactionKey(event.process, seq),
    commitTimestamp: Date.parse(wall),
    commitNumber: 10_000_000_000 + seq * 7,
    commitUser: changes[0]!.after.LastModifiedById,
  };
  const messages: (Message & { data: ChangeData })[] = [];
  const add = (type: SObjectType, header: Record<string, unknown>, fields: Record<string, unknown>, served: RecordRef[]) => {
    const sequenceNumber = messages.length + 1;
    const { channels, schema } = toldOf(type);
    const payload = { ...fields, ChangeEventHeader: { ...header, ...common, entityName: type.name, sequenceNumber } };
    messages.push({
      channels,
      replayId: seq * STEP + sequenceNumber,
      type: type.name,
      data: { schema, payload, event: { replayId: seq * STEP + sequenceNumber } },
      served,
    });
  };
  if (data?.changeEvents === 'overflow' || changes.length > MOST_CHANGES) {
    for (const type of new Set(changes.map((change) => change.type)))
      add(type, { changeType: 'GAP_OVERFLOW', recordIds: [`${type.definition.keyPrefix}*`], changedFields: [] }, {}, []);
    return messages;
  }
  let last: { key: string; message: (typeof messages)[number] } | undefined;
  for (const change of changes) {
    const { type, kind, ref, after } = change;
    const { fields, changed } = bodyOf(change);
    const text = JSON.stringify(fields);
    const gap = data?.changeEvents === 'gap' || text.length > MOST_BYTES;
    const key = `${type.name}/${kind}/${gap}/${text}`;
    if (last?.key === key) {
      (last.message.data.payload.ChangeEventHeader as { recordIds: string[] }).recordIds.push(ref.id);
      if (!gap) last.message.served.push(ref);
      continue;
    }
    const header = { changeType: gap ? `GAP_${kind}` : kind, recordIds: [ref.id], changedFields: gap ? [] : changed };
    add(type, header, gap ? { LastModifiedDate: after.LastModifiedDate } : fields, gap ? [] : [ref]);
    last = { key, message: messages.at(-1)! };
  }
  return messages;
}

/** The event as somebody sees it who does not see every field; undefined when not even the object. */
export function seenBy(message: Message, whole: Schema, view: Schema): Message | undefined {
  if (view === whole || !message.type) return message;
  const type = whole.type(message.type)!;
  const seen = view.type(message.type);
  if (!seen) return undefined;
  if ('sobject' in message.data) {
    const shown = Object.entries(message.data.sobject).filter(([name]) => seen.field(name));
    return { ...message, data: { ...message.data, sobject: Object.fromEntries(shown) } };
  }
  const payload = structuredClone(message.data.payload);
  const header = payload.ChangeEventHeader as { changedFields: string[] };
  for (const { name } of type.fields) {
    if (seen.field(name)) continue;
    const [group, part] = placeOf(type, name);
    if (group) delete (payload[group] as Record<string, unknown> | undefined)?.[part];
    else delete payload[name];
    header.changedFields = header.changedFields.filter((one) => one !== (group ? `${group}.${part}` : name));
  }
  return { ...message, data: { ...message.data, payload } };
}
