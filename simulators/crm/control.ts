import { ConfigurationError, type Context, ControlError, controlHandler, type Face, jsonBody } from '#kernel';
import { CrmError } from './errors.ts';
import { reachOut, remind, type SendJob } from './jobs.ts';
import { LockBusy } from './locks.ts';
import { changesOf, type Org } from './org.ts';
import { drain } from './rest/query.ts';
import type { OrgRules } from './rules.ts';
import { type Alteration, isKey } from './schema.ts';
import type { CrmSettings } from './settings.ts';
import { compileCondition } from './soql/condition.ts';
import { SoqlError } from './soql/error.ts';
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
  changes: {
    op: 'create' | 'update' | 'upsert' | 'delete' | 'undelete';
    type: string;
    id?: string;
    /** Finds the record in place of `id`. */
    key?: { field: string; value: string };
    fields?: Body;
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
      for (const change of body.changes) applyChange(org, writer, change);
      return changesOf(writer);
    };
    const { act = 'edit', cohort, call } = body;
    try {
      const { records, after, seq } = await org.kernel.commit({ sim: 'crm', tenant: org.id, act, actor, cohort, call, apply });
      return { records, rows: after as Row[], seq };
    } catch (error) {
      if (!(error instanceof LockBusy)) throw error;
      await org.locks.change(left);
    }
  }
}

function applyChange(org: Org, writer: Writer, { op, type: name, id, key, fields = {} }: CrmCommit['changes'][number]): void {
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
  else throw new ControlError(400, `"op" must be create, update, upsert, delete or undelete (by id), not ${JSON.stringify(op)}`);
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

/** Keeps records as a long transaction of somebody else does: writes to them, and to their children, wait and are refused. @throws ControlError */
function takeLock(org: Org, { name, records }: { name?: string; records?: { type: string; id: string }[] }): { held: string[] } {
  if (!name || !Array.isArray(records)) throw new ControlError(400, 'say who holds what: {"name", "records": [{"type", "id"}]}');
  const held = records.map(({ id }) => org.store.find(id)?.id ?? id);
  org.locks.take(name, held);
  org.kernel.journal.append({ sim: 'crm', tenant: org.id, kind: 'setup', data: { lock: name, held } });
  return { held };
}

function freeLock(org: Org, name: string): { freed: boolean } {
  const freed = org.locks.free(name);
  if (freed) org.kernel.journal.append({ sim: 'crm', tenant: org.id, kind: 'setup', data: { lock: name, freed } });
  return { freed };
}

/** The CRM's own routes of the control API. */
export function mountControl(face: Face, org: Org): void {
  const told = (run: () => unknown): unknown => {
    const wrong = (error: unknown) => {
      if (error instanceof CrmError) throw new ControlError(400, error.message);
      if (error instanceof ConfigurationError) throw new ControlError(400, error.message);
      if (error instanceof SoqlError) throw new ControlError(400, `${error.code}: ${error.message}`);
      throw error;
    };
    try {
      const value = run();
      return value instanceof Promise ? value.catch(wrong) : value;
    } catch (error) {
      return wrong(error);
    }
  };
  face.route(
    'POST',
    '/v1/crm/commits',
    {
      operation: 'crm-commit',
      tier: 'semantic',
      doc: 'Commits as a CRM user: {act, actor, cohort, call, changes: [{op, type, id | key, fields}]}, one transaction.',
    },
    controlHandler((context) => {
      const body = jsonBody<CrmCommit>(context);
      if (!Array.isArray(body?.changes) || body.changes.length === 0)
        throw new ControlError(400, 'say what changes: {"changes": [{"op", "type", …}]}');
      return told(() => commitAsUser(org, body));
    }),
  );
  face.route(
    'GET',
    '/v1/crm/records/:type',
    {
      operation: 'crm-records',
      tier: 'semantic',
      doc: 'Live records of a type as journalled; `where` is a SOQL condition, `limit` a number. With `as`, a username, what that user sees: by field-level security and sharing.',
    },
    controlHandler(({ request: { params, query } }) => {
      const limit = Number(query.get('limit') ?? 0);
      if (!Number.isInteger(limit) || limit < 0) throw new ControlError(400, '"limit" must be a whole number');
      const [where, user] = [query.get('where') ?? undefined, query.get('as')];
      return told(() => ({
        rows: user ? rowsAs(org, user, params.type!, where, limit) : rowsWhere(org, params.type!, where, limit),
      }));
    }),
  );
  const add = (method: string, path: string, operation: string, doc: string, run: (context: Context) => unknown) =>
    face.route(
      method,
      path,
      { operation, tier: 'semantic', doc },
      controlHandler((context) => told(() => run(context))),
    );
  add('GET', '/v1/crm/settings', 'crm-settings', 'What an administrator has set up.', () => org.settings.all);
  add('POST', '/v1/crm/settings', 'crm-set-up', 'Changes settings: any of those that GET shows.', (context) => {
    const change = jsonBody<Partial<CrmSettings>>(context) ?? {};
    const all = org.settings.change(change);
    org.kernel.journal.append({ sim: 'crm', tenant: org.id, kind: 'setup', data: { settings: change } });
    return all;
  });
  add(
    'GET',
    '/v1/crm/rules',
    'crm-rules',
    'Validation rules, duplicate rules, assignment rules, profiles and outbound messages.',
    () => org.rules.all,
  );
  add('POST', '/v1/crm/rules', 'crm-set-rules', 'Replaces those lists that are given.', (context) => {
    const change = jsonBody<OrgRules>(context) ?? {};
    const all = org.rules.change(change);
    org.kernel.journal.append({ sim: 'crm', tenant: org.id, kind: 'setup', data: { rules: change } });
    return all;
  });
  add(
    'POST',
    '/v1/crm/fields',
    'crm-alter-field',
    'Changes a field as an administrator does: {object, field, length | nillable | picklist | restricted}. Answers what it was.',
    (context) => {
      const { object = '', field = '', ...change } = jsonBody<Alteration & { object?: string; field?: string }>(context) ?? {};
      return { before: org.alter(object, field, change) };
    },
  );
  add(
    'POST',
    '/v1/crm/locks',
    'crm-lock',
    'Holds records as a long transaction does: {name, records: [{type, id}]}. Each write that is refused for it is a `setup` event.',
    (context) => takeLock(org, jsonBody(context) ?? {}),
  );
  add('DELETE', '/v1/crm/locks/:name', 'crm-unlock', 'Lets go of what is held under that name.', ({ request }) =>
    freeLock(org, request.params.name!),
  );
  add('GET', '/v1/crm/sessions', 'crm-sessions', 'The live sessions of API clients.', () => ({ sessions: org.sessions.list() }));
  add(
    'POST',
    '/v1/crm/jobs/reminder',
    'crm-remind',
    'Reminds people of visits as a job of the org does: {where, object, person, start, to, unless, consent, text, cohort}, all optional. Each message is a `send` event.',
    (context) => remind(org, jsonBody<SendJob>(context) ?? {}),
  );
  add(
    'POST',
    '/v1/crm/jobs/outreach',
    'crm-reach-out',
    'Writes to people for a campaign: {where, object, to, unless, consent, text, cohort}, all optional. Each message is a `send` event.',
    (context) => reachOut(org, jsonBody<SendJob>(context) ?? {}),
  );
  add(
    'DELETE',
    '/v1/crm/sessions',
    'crm-kill-sessions',
    'Ends sessions: all, or those of `id` or `actor`; with `refresh=true` what could renew them, too.',
    ({ request: { query } }) => {
      const killed = org.sessions.kill({
        id: query.get('id') ?? undefined,
        actor: query.get('actor') ?? undefined,
        refresh: query.get('refresh') === 'true',
      });
      return { killed };
    },
  );
}
