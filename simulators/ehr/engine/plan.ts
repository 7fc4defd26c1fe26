import { actOf } from './acts.ts';
import type { ChangeRequest } from './changes.ts';
import type { Call } from './context.ts';
import { applyPatch, PatchFailed, type PatchOperation, readPatch } from './json-patch.ts';
import { refuse, refuseInvalid } from './replies.ts';
import type { Resource, Stored } from './resource.ts';
import { factsOf } from './search.ts';
import { matchesOf } from './search-page.ts';
import { validate } from './validate.ts';
import { shownVersion } from './wire.ts';

/** A write as it was asked for, by itself or as an entry of a bundle. */
export interface WriteRequest {
  interaction: 'create' | 'update' | 'patch' | 'delete';
  /** Absent where a condition names the resource. */
  id?: string;
  /** Search parameters that name it instead. */
  condition?: string;
  ifMatch?: string;
  ifNoneExist?: string;
  /** A resource, or a JSON Patch. */
  body?: unknown;
  /** Id of a new resource, where it is settled before: an entry of a transaction is referred to by it. */
  newId?: string;
}

/** What a write comes to. */
export interface Plan {
  interaction: WriteRequest['interaction'];
  act: string;
  /** Absent where nothing is to be done: the resource is there, or is gone. */
  change?: ChangeRequest;
  /** What the vendor changes with it. */
  also?: ChangeRequest[];
  status: number;
  /** The resource that a condition found, where there is no change. */
  found?: { id: string; version: number };
  /** Does what the plan rests on still hold? Asked inside the transaction. */
  holds(): boolean;
}

const always = (): boolean => true;

/** Decides what a write does, without doing it. @throws Rejected in the vendor's form. */
export function planWrite(call: Call, request: WriteRequest): Plan {
  if (request.interaction === 'create') return planCreate(call, request);
  const target = targetOf(call, request);
  if (request.interaction === 'delete') return planDelete(call, request, target);
  if (request.interaction === 'patch') return planPatch(call, request, target);
  return planUpdate(call, request, target);
}

function planCreate(call: Call, { body, ifNoneExist, newId }: WriteRequest): Plan {
  const { table, type } = call;
  // A client's id of a new resource counts for nothing.
  const { id: _, ...sent } = ofType(body, type);
  const resource = filed(call, sent as Resource, undefined);
  const plan: Plan = {
    interaction: 'create',
    act: actOf(undefined, resource),
    change: { op: 'create', type, id: newId, resource },
    also: alongside(call, resource, undefined),
    status: 201,
    holds: always,
  };
  if (ifNoneExist === undefined) return plan;
  if (!table.conditional?.create)
    refuse('invalid', { diagnostics: 'conditional create (If-None-Exist) is not supported', expression: 'If-None-Exist' });
  const matches = matchesOf(call, ifNoneExist);
  if (matches.length > 1) refuse('multiple-matches', { diagnostics: `If-None-Exist: ${ifNoneExist}` });
  const [found] = matches;
  return found
    ? { ...plan, change: undefined, also: undefined, status: 200, found }
    : { ...plan, holds: () => matchesOf(call, ifNoneExist).length === 0 };
}

interface Target {
  id?: string;
  version?: number;
  deleted?: boolean;
  /** Is it still what the condition names? */
  holds(): boolean;
}

function targetOf(call: Call, { id, condition, interaction }: WriteRequest): Target {
  const { site, type, table } = call;
  if (id !== undefined) return { ...site.store.locate(type, id), id, holds: always };
  const offered = interaction === 'delete' ? table.conditional?.delete : table.conditional?.update;
  if (!offered) refuse('not-allowed', { diagnostics: `${interaction} of ${type} needs an id` });
  const matches = matchesOf(call, condition ?? '');
  if (matches.length > 1) refuse('multiple-matches', { diagnostics: `the condition ${condition} is met by several` });
  const [found] = matches;
  return { ...found, holds: () => matchesOf(call, condition ?? '')[0]?.id === found?.id };
}

function planUpdate(call: Call, { body, ifMatch, condition, newId }: WriteRequest, target: Target): Plan {
  const { site, type, table } = call;
  const sent = ofType(body, type);
  const id = target.id ?? sent.id ?? newId;
  if (condition === undefined ? sent.id !== id : sent.id !== undefined && sent.id !== id)
    refuse('invalid', { diagnostics: `the id in the body (${sent.id}) must be that of the address (${id})`, expression: 'id' });
  const live = target.version !== undefined && !target.deleted;
  // Ids are the server's to give, unless it says otherwise.
  if (!live && condition === undefined && !table.conditional?.updateCreate)
    refuse(target.deleted ? 'deleted' : 'not-allowed', {
      diagnostics: `there is no ${type}/${id}, and an update creates none`,
      expression: 'id',
    });
  const ifVersion = matched(call, ifMatch, live ? target.version : undefined);
  const before = live ? site.store.read(type, id!) : undefined;
  const resource = filed(call, { ...sent, id } as Resource, before);
  const change: ChangeRequest = live
    ? { op: 'update', type, id, resource, ifVersion }
    : { op: id === undefined ? 'create' : 'update', type, id, resource, upsert: true };
  const also = alongside(call, resource, before);
  return { interaction: 'update', act: actOf(before, resource), change, also, status: live ? 200 : 201, holds: target.holds };
}

function planPatch(call: Call, { body, ifMatch }: WriteRequest, target: Target): Plan {
  const { site, type } = call;
  const { id, version } = target;
  const before = id === undefined ? undefined : site.store.read(type, id);
  if (!before || id === undefined)
    return refuse(target.deleted ? 'deleted' : 'not-found', {
      diagnostics: `there is no ${type}/${id ?? '…'}`,
      expression: 'id',
    });
  const stated = matched(call, ifMatch, version);
  const operations = operationsOf(body);
  const applied = site.vendor.hooks.onPatch?.(type, operations, before, factsOf(site)) ?? operations;
  const patched = patchedBy(site.drift.shown(before), applied);
  const resource = filed(call, ofType(patched, type), before);
  if (resource.id !== id) refuse('value', { diagnostics: 'a patch cannot change the id', expression: `${type}.id` });
  const change: ChangeRequest = { op: 'update', type, id, resource, ifVersion: version };
  // Where the client stated no version, what came between is no conflict: the patch is made again.
  return {
    interaction: 'patch',
    act: actOf(before, resource),
    change,
    also: alongside(call, resource, before),
    status: 200,
    holds: () => target.holds() && (stated !== undefined || site.store.locate(type, id)?.version === version),
  };
}

function operationsOf(body: unknown): PatchOperation[] {
  try {
    return readPatch(body);
  } catch (error) {
    return patchRefused(error);
  }
}

function patchedBy(before: Stored, operations: readonly PatchOperation[]): unknown {
  try {
    return applyPatch(before, operations);
  } catch (error) {
    return patchRefused(error);
  }
}

function patchRefused(error: unknown): never {
  if (!(error instanceof PatchFailed)) throw error;
  return refuse(error.test ? 'test-failed' : 'invalid', { diagnostics: error.message, expression: `[${error.index}]` });
}

function planDelete(call: Call, { ifMatch }: WriteRequest, { id, version, deleted, holds }: Target): Plan {
  const plan = { interaction: 'delete' as const, act: 'delete', status: 204, holds };
  if (id === undefined || version === undefined || deleted) return plan;
  const ifVersion = matched(call, ifMatch, version);
  return { ...plan, change: { op: 'delete', type: call.type, id, ifVersion } };
}

// The version that If-Match states, which must be the current one. Weak and strong tags count the same.
function matched({ table, site }: Call, ifMatch: string | undefined, version: number | undefined): number | undefined {
  if (ifMatch === undefined) {
    if (table.mustMatch && version !== undefined)
      refuse('precondition-required', { diagnostics: 'If-Match is required', expression: 'If-Match' });
    return undefined;
  }
  if (ifMatch.trim() === '*' && version !== undefined) return version;
  const stated = Number(/^(?:W\/)?"?(\d+)"?$/.exec(ifMatch.trim())?.[1] ?? Number.NaN);
  if (version === undefined || stated !== shownVersion(site.vendor, version))
    refuse('precondition-failed', {
      diagnostics: `If-Match says ${ifMatch}, the resource is at version ${version === undefined ? 'none' : shownVersion(site.vendor, version)}`,
    });
  return version;
}

function ofType(body: unknown, type: string): Resource {
  if (typeof body !== 'object' || body === null || Array.isArray(body) || (body as Resource).resourceType !== type)
    refuse('structure', { diagnostics: `the body must be a ${type}`, expression: 'resourceType' });
  return body as Resource;
}

// Each at the version that was looked at: what another call took meanwhile is not taken twice.
const alongside = ({ site }: Call, after: Resource, before: Stored | undefined): ChangeRequest[] =>
  (site.vendor.hooks.alongside?.(after, before, factsOf(site)) ?? []).map((resource) => ({
    op: 'update',
    type: resource.resourceType,
    id: resource.id,
    resource,
    ifVersion: Number(resource.meta.versionId),
  }));

// What the vendor files of what was sent, once that is valid in itself.
function filed({ site }: Call, given: Resource, before: Stored | undefined): Resource {
  const sent = site.drift.taken(given, before);
  const { onWrite, infer } = site.vendor.hooks;
  const resource = infer?.(sent) ?? sent;
  if (!onWrite) return resource;
  // Rules between elements are for what is filed: some of it is the vendor's to fill in.
  const issues = validate(resource).filter(({ code }) => code !== 'invariant');
  return issues.length > 0 ? refuseInvalid(issues) : onWrite(resource, before, factsOf(site));
}
