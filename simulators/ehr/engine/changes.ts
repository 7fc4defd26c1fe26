import type { Committed, Offer } from '#kernel';
import { eachReference, parseReference, type Resource, refOf, type Stored } from './resource.ts';
import type { Store } from './store.ts';
import { InvalidResource, type Issue, validate } from './validate.ts';

/** One change of a commit. */
export interface ChangeRequest {
  op: 'create' | 'update' | 'delete';
  type: string;
  /** Required but for `create`, where the site mints one when it is absent. */
  id?: string;
  /** Name of a create under which other changes of the same commit refer to it, as `urn:uuid:<as>`. */
  as?: string;
  /** The whole resource (`create`, `update`). */
  resource?: Resource;
  /** In place of `resource`: top-level elements to set; null removes one. */
  patch?: Record<string, unknown>;
  /** May an update create the record, or bring a deleted one back? */
  upsert?: boolean;
  /** Refuses with `conflict` when the record is not at this version. */
  ifVersion?: number;
}

/** What a clerk, clinician or link does in one go: one commit event, all or nothing. */
export interface CommitRequest {
  /** What it means: `register`, `update`, `merge`, `book`, `cancel`, … */
  act: string;
  actor?: string;
  cohort?: string;
  /** Journal sequence number, in this process, of what led to it. */
  cause?: number;
  /** The caller's own name for this commit: made again under it, nothing changes and the answer is the same. */
  call?: string;
  /** Its place in the schedule of a load script; the commit event says when it was due. */
  offer?: Offer;
  changes: ChangeRequest[];
}

/** What the site adds to a new resource: an id, and the identifiers that the registration desk gives out. */
export interface Registrar {
  mintId(type: string, resource?: Resource, taken?: (id: string) => boolean): string;
  complete(resource: Resource): Resource;
  /** What every version is given. */
  settle(resource: Resource, id: string): Resource;
}

/**
 * Applies changes to the store; call inside a transaction. References to earlier or later changes of the same list
 * resolve; what dangles, or is not FHIR, undoes the whole.
 * @throws InvalidResource naming each element that is wrong.
 */
export function applyChanges(
  store: Store,
  registrar: Registrar,
  changes: readonly ChangeRequest[],
  now: string,
): Omit<Committed, 'seq'> {
  const ids: string[] = [];
  const taken = (type: string) => (id: string) =>
    store.locate(type, id) !== undefined || ids.some((one, i) => one === id && changes[i]!.type === type);
  for (const change of changes) ids.push(checkChange(change, registrar, taken(change.type)));
  const names = new Map(
    changes.flatMap((change, i) => (change.as ? [[`urn:uuid:${change.as}`, `${change.type}/${ids[i]}`]] : [])),
  );
  const texts = { before: [] as (string | undefined)[], after: [] as (string | undefined)[] };
  const done: Omit<Committed, 'seq'> = { records: [], before: [], after: [], texts };
  changes.forEach((change, i) => {
    const next = change.op === 'delete' ? null : intended(store, registrar, change, ids[i]!, names);
    guard(store, change, ids[i]!);
    const { before, beforeText, after, afterText, version } = store.write(change.type, ids[i]!, next, now);
    done.records.push(
      after ? refOf(store.tenant, after) : { sim: 'ehr', tenant: store.tenant, type: change.type, id: ids[i]!, version },
    );
    done.before.push(before);
    done.after.push(after);
    texts.before.push(beforeText);
    texts.after.push(afterText);
  });
  const dangling = changes.flatMap((change, i) => danglers(store, change, ids[i]!, done.after[i] as Stored | null));
  if (dangling.length > 0) throw new InvalidResource(dangling);
  return done;
}

const refuse = (code: Issue['code'], expression: string, message: string): never => {
  throw new InvalidResource([{ code, expression, message }]);
};

function checkChange(change: ChangeRequest, registrar: Registrar, taken: (id: string) => boolean): string {
  const { op, type, id, resource, patch } = change;
  if (!['create', 'update', 'delete'].includes(op))
    refuse('structure', 'op', `must be create, update or delete, not ${JSON.stringify(op)}`);
  if (typeof type !== 'string') refuse('required', 'type', 'says which resource type the change is about');
  if (op !== 'delete' && !resource && !(op === 'update' && patch))
    refuse('required', 'resource', `${op} ${type} needs the resource${op === 'update' ? ' or a patch' : ''}`);
  if (resource && resource.resourceType !== type)
    refuse('value', 'resourceType', `must be ${type}, not ${JSON.stringify(resource.resourceType)}`);
  if (id === undefined && op !== 'create') refuse('required', 'id', `${op} ${type} needs the id`);
  if (resource?.id !== undefined && id !== undefined && resource.id !== id)
    refuse('value', `${type}.id`, `must be ${id}, not ${resource.id}`);
  return id ?? resource?.id ?? registrar.mintId(type, resource, taken);
}

function intended(store: Store, registrar: Registrar, change: ChangeRequest, id: string, names: Map<string, string>): Resource {
  const { op, type, resource, patch } = change;
  let next: Resource;
  if (patch && !resource) {
    const current = store.read(type, id) ?? refuse('not-found', `${type}/${id}`, 'does not exist');
    next = { ...current, ...patch } as Resource;
    for (const [element, value] of Object.entries(patch)) if (value === null) delete next[element];
  } else next = { ...(resource as Resource), id };
  next = registrar.settle(resolveNames(op === 'create' ? registrar.complete(next) : next, names), id);
  const issues = validate(next);
  if (issues.length > 0) throw new InvalidResource(issues);
  return next;
}

function resolveNames(resource: Resource, names: Map<string, string>): Resource {
  if (names.size === 0) return resource;
  const text = JSON.stringify(resource, (_key, value) => (typeof value === 'string' ? (names.get(value) ?? value) : value));
  return JSON.parse(text) as Resource;
}

function guard(store: Store, { op, type, ifVersion, upsert }: ChangeRequest, id: string): void {
  const known = store.locate(type, id);
  const name = `${type}/${id}`;
  if (op === 'create' && known) refuse('conflict', name, 'exists already');
  if (op !== 'create' && !upsert && (!known || known.deleted)) refuse('not-found', name, 'does not exist');
  if (ifVersion !== undefined && known?.version !== ifVersion)
    refuse('conflict', name, `is at version ${known?.version}, not ${ifVersion}`);
}

function danglers(store: Store, change: ChangeRequest, id: string, after: Stored | null): Issue[] {
  const issues: Issue[] = [];
  if (!after) {
    const [holder] = store.exists(change.type, id) ? [] : store.referrers(change.type, id);
    if (holder)
      issues.push({ code: 'conflict', expression: `${change.type}/${id}`, message: `is still referred to by ${holder}` });
    return issues;
  }
  eachReference(after, after.resourceType, (reference, expression) => {
    if (reference.startsWith('#') || /^https?:/.test(reference)) return;
    const target = parseReference(reference);
    if (!target || !store.exists(target.type, target.id))
      issues.push({ code: 'not-found', expression, message: `${JSON.stringify(reference)} does not exist here` });
  });
  return issues;
}
