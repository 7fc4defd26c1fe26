import { ControlError, type Offer } from '#kernel';
import { LockBusy } from './locks.ts';
import { mergeRecords } from './merge.ts';
import { changesOf, type Org } from './org.ts';
import { drain } from './rest/query.ts';
import { isKey } from './schema.ts';
import { compileCondition } from './soql/condition.ts';
import { prepare } from './soql/select.ts';
import type { Row } from './values.ts';
import { type Body, typeOf, type Writer } from './writer.ts';

/** What somebody does in the CRM's own user interface: one transaction. */
export interface CrmCommit {
  /** What it means; `edit` when absent. */
  act?: string;
  /** `user:<name>`; the clerk when absent. */
  actor?: string;
  cohort?: string;
  /** The caller's own name for this commit: made again under it, nothing changes and the answer is the same. */
  call?: string;
  /** Its place in the schedule of a load script; the commit event says when it was due. */
  offer?: Offer;
  changes: {
    op: 'create' | 'update' | 'upsert' | 'delete' | 'undelete' | 'merge';
    type: string;
    id?: string;
    /** Finds the record in place of `id`. */
    key?: { field: string; value: string };
    fields?: Body;
    /** Of a merge: ids of the one or two records that become one with it. */
    losers?: string[];
  }[];
}

export interface CrmCommitted {
  records: { sim: string; tenant: string; type: string; id: string; version: number }[];
  /** The records as they are now, aligned with `records`. */
  rows: Row[];
  /** Journal sequence number. */
  seq: number;
}

/** Commits as a user of the CRM. @throws CrmError; nothing is written then */
export async function commitAsUser(org: Org, body: CrmCommit): Promise<CrmCommitted> {
  const actor = body.actor ?? 'user:clerk';
  const name = actor.replace(/^user:/, '');
  const user = org.users.find((u) => u.username.split('@')[0] === name) ?? org.users.find((u) => !u.password) ?? org.users[0]!;
  const deadline = org.kernel.clock.now() + org.settings.all.lockWaitMs;
  for (;;) {
    const left = deadline - org.kernel.clock.now();
    // By hand, too, one waits for whoever holds the record.
    const writer = org.writer(user.id, { impatient: left <= 0 });
    const apply = () => {
      for (const change of body.changes) applyChange(org, user.id, writer, change);
      return changesOf(writer);
    };
    const { act = 'edit', cohort, call, offer } = body;
    const data = offer && { offer: org.kernel.schedules.dueOf(offer) };
    try {
      const { records, after, seq } = await org.kernel.commit({
        sim: 'crm',
        tenant: org.id,
        act,
        actor,
        cohort,
        call,
        data,
        apply,
      });
      return { records, rows: after as Row[], seq };
    } catch (error) {
      if (!(error instanceof LockBusy)) throw error;
      await org.locks.change(left);
    }
  }
}

function applyChange(org: Org, userId: string, writer: Writer, change: CrmCommit['changes'][number]): void {
  const { op, type: name, id, key, fields = {}, losers = [] } = change;
  const type = org.schema.type(name);
  if (!type)
    throw new ControlError(400, `the CRM has no object ${name}; it has: ${org.schema.types.map((t) => t.name).join(', ')}`);
  if (op === 'create') return void writer.create(type, fields);
  if (op === 'upsert') {
    if (!key) throw new ControlError(400, 'an upsert needs "key": {"field", "value"}');
    return void writer.upsert(type, key.field, key.value, fields);
  }
  if (op === 'undelete' && id) return void writer.undelete(type, id);
  const field = key && type.field(key.field);
  if (key && (!field || !isKey(field))) throw new ControlError(400, `${key.field} is no key of ${type.name}`);
  const found = id ?? (field ? org.store.byIndex(type, field, key!.value)[0]?.id : undefined);
  if (!found)
    throw new ControlError(404, `no ${type.name} has ${key ? `${key.field} = ${key.value}` : 'that id: say "id" or "key"'}`);
  if (op === 'update') writer.update(type, found, fields);
  else if (op === 'delete') writer.delete(type, found);
  else if (op === 'merge') mergeRecords(org, userId, writer, { type, master: found, values: fields, losers });
  else
    throw new ControlError(
      400,
      `"op" must be create, update, upsert, delete, merge or undelete (by id), not ${JSON.stringify(op)}`,
    );
}

/** Live records as they are journalled, in order of creation. @throws SoqlError, CrmError */
export function rowsWhere(org: Org, typeName: string, where?: string, limit?: number): Row[] {
  const type = typeOf(org.schema, typeName);
  if (where) compileCondition(where, { now: () => org.kernel.clock.now() }); // a condition alone: nothing may be smuggled in after it
  const soql = `SELECT Id FROM ${type.name}${where ? ` WHERE ${where}` : ''}${limit ? ` LIMIT ${limit}` : ''}`;
  return drain(prepare(soql, org.tools).rows({ deleted: false })).map((stored) => stored.row);
}

/** What a user sees of the records of a type: only those that are shared with them, and of these only what their profile shows. @throws CrmError, ControlError */
export function rowsAs(org: Org, username: string, typeName: string, where?: string, limit?: number): Row[] {
  const user = org.users.find((one) => one.username === username);
  if (!user)
    throw new ControlError(400, `the CRM has no user ${username}; it has: ${org.users.map((u) => u.username).join(', ')}`);
  const seen = typeOf(org.viewOf(user.id), typeName);
  return rowsWhere(org, typeName, where, limit)
    .filter((row) => org.sees(user.id, org.store.find(String(row.Id))!))
    .map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => seen.field(name))) as Row);
}
