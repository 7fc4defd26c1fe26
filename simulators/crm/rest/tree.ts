import { CrmError, crmError, type ErrorEntry } from '../errors.ts';
import { undo } from '../org.ts';
import type { SObjectType } from '../schema.ts';
import { type Body, typeOf, type Writer } from '../writer.ts';
import { bodyOf, type Call, type RestRoute, rowErrors } from './call.ts';

/** Records with their children in one call and one transaction: REST API Developer Guide, "sObject Tree". */

const LIMIT = 200;
const DEPTH = 5;

interface Node {
  referenceId: string;
  type: SObjectType;
  fields: Body;
  /** The lookup that gets the parent's id, and its node. */
  parent?: { field: string; node: Node };
  id?: string;
}

const wrong = (referenceId: string, errors: ErrorEntry[]) => ({ referenceId, errors: rowErrors(errors) });

function nodesOf(call: Call, type: SObjectType, records: unknown, depth: number, parent?: Node['parent']): Node[] {
  if (!Array.isArray(records)) throw crmError('bad-argument', { problem: 'The request needs a list of records' });
  if (depth > DEPTH) throw crmError('too-many', { what: 'levels of a tree', limit: DEPTH });
  return records.flatMap((record: Body) => {
    const { attributes, ...fields } = record ?? {};
    const { type: name, referenceId } = (attributes ?? {}) as { type?: string; referenceId?: string };
    if (!referenceId) throw crmError('bad-argument', { problem: 'Each record of a tree needs attributes with a referenceId' });
    if (!name || call.schema.type(name) !== type)
      throw crmError('bad-argument', { problem: `The record ${referenceId} is not of type ${type.name}` });
    const node: Node = { referenceId, type, fields: {}, parent };
    const below: Node[] = [];
    for (const [key, value] of Object.entries(fields)) {
      const child = call.schema.children(type).find((one) => one.name.toLowerCase() === key.toLowerCase());
      if (!child) node.fields[key] = value;
      else {
        const list = (value as { records?: unknown } | null)?.records;
        below.push(...nodesOf(call, child.type, list, depth + 1, { field: child.field.name, node }));
      }
    }
    return [node, ...below];
  });
}

function create(call: Call, writer: Writer) {
  const type = typeOf(call.schema, call.params.type!);
  const nodes = nodesOf(call, type, bodyOf(call).records, 1);
  if (nodes.length > LIMIT) throw crmError('too-many', { what: 'records', limit: LIMIT });
  const names = nodes.map((node) => node.referenceId);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice) throw crmError('bad-argument', { problem: `Duplicate ReferenceId provided in the request: ${twice}` });
  const errors: unknown[] = [];
  for (const node of nodes) {
    const { parent, fields } = node;
    if (parent && !parent.node.id) continue; // its parent was refused
    try {
      node.id = writer.create(node.type, parent ? { ...fields, [parent.field]: parent.node.id } : fields, call.raw).id;
    } catch (error) {
      if (!(error instanceof CrmError)) throw error;
      errors.push(wrong(node.referenceId, error.entries));
    }
  }
  if (errors.length > 0) return undo({ status: 400, body: { hasErrors: true, results: errors } });
  return { status: 201, body: { hasErrors: false, results: nodes.map(({ referenceId, id }) => ({ referenceId, id })) } };
}

export const TREE_ROUTE: RestRoute = {
  method: 'POST',
  path: 'composite/tree/:type',
  operation: 'tree',
  type: ':type',
  tier: 'semantic',
  act: 'create',
  doc: 'creates up to 200 records with their children, all or none',
  run: create,
};
