import type { FaultDefinition, FaultParam } from './hooks.ts';
import type { Schema } from './schema.ts';

const TYPE_AND_ID: Schema = { pattern: '^[^/\\s]+/[^/\\s]+$', title: 'a type and an id, as in Patient/123' };

const text = (description: string): Schema => ({ type: 'string', description });
const matcher = (description: string): Schema => ({
  type: 'object',
  description,
  additionalProperties: false,
  minProperties: 1,
  properties: {
    kind: text('Kind of journal event: commit, request, reply, message, ack, fault, …'),
    sim: text('ehr, hl7, crm or kernel.'),
    site: text('Site name.'),
    tenant: text('Site name or organisation id.'),
    operation: text('Of a request or reply, or the type of a message; several separated by |.'),
    act: text('What a commit meant: register, book, …; several separated by |.'),
    actor: text('Who did it.'),
    record: { ...text('Among the records that the event names or served.'), ...TYPE_AND_ID },
    type: text('Resource or object type of a record that it names.'),
    text: text('Text that must occur in the event.'),
  },
});

const milliseconds = (description: string): Schema => ({ type: 'number', minimum: 0, description });
const count = (description: string, minimum = 1): Schema => ({ type: 'integer', minimum, description });

/** Whom a rule hits; every key that is given must match. */
export const WHERE_SCHEMA: Schema = {
  type: 'object',
  description: 'Whom it hits; every key that is given must match. Anything, where it is absent.',
  additionalProperties: false,
  'x-meant': {
    ...{
      simulator: 'sim',
      part: 'sim',
      organisation: 'tenant',
      organization: 'tenant',
      message: 'operation',
      route: 'operation',
    },
    ...{ resource: 'type', object: 'type', url: 'path', actor: 'client', mrn: 'person', patient: 'person', id: 'record' },
  },
  properties: {
    sim: text('ehr, hl7 or crm.'),
    site: text('Site name, for its APIs and its links.'),
    tenant: text('Site name or organisation id.'),
    operation: text('read, create, ADT^A08, …; several separated by |.'),
    type: text('Resource or object type, or message type (ADT); several separated by |.'),
    method: { type: 'string', enum: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD'], title: 'method' },
    path: text('Beginning of the path.'),
    client: text('Who asks: what the journal names as actor.'),
    text: {
      anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' }, minItems: 1 }],
      description: 'Text that must occur in URL, body or message; of several, one of them.',
    },
    person: text('Anything that touches a record of this person: an MRN, or authority|mrn.'),
    record: { ...text('Anything that touches this record: Patient/123.'), ...TYPE_AND_ID },
    attempt: count('Only the n-th attempt on each record, from 1: calls of one method and path, or the same message.'),
  },
};

/** When a rule hits. */
export const WHEN_SCHEMA: Schema = {
  type: 'object',
  description: 'When; each match, where it is absent.',
  additionalProperties: false,
  properties: {
    nth: count('Only the n-th match, from 1.'),
    every: count('Every n-th match.'),
    probability: { type: 'number', minimum: 0, maximum: 1, description: 'Chance of each match, from the seed.' },
    after: milliseconds('Milliseconds after arming; with between, after its first event.'),
    during: milliseconds('Milliseconds that it lasts from then.'),
    between: {
      type: 'object',
      description:
        'From the first journal event that matches `from` (without it, from arming) to the next that matches `to` (without it, until healed).',
      additionalProperties: false,
      minProperties: 1,
      properties: { from: matcher('Opens it.'), to: matcher('Closes it.') },
    },
  },
};

/** A parameter as its schema. */
function paramSchema({ type, doc, default: usual, oneOf, range }: FaultParam): Schema {
  return {
    type,
    description: doc,
    ...(usual === undefined ? {} : { default: usual }),
    ...(oneOf ? { enum: oneOf } : {}),
    ...(range ? { minimum: range[0], maximum: range[1] } : {}),
  };
}

/** What a fault takes. */
export function paramsSchema({ params }: FaultDefinition): Schema {
  return {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(Object.entries(params).map(([name, param]) => [name, paramSchema(param)])),
    required: Object.entries(params).flatMap(([name, param]) => (param.default === undefined ? [name] : [])),
  };
}

const withParams = (name: string, params: Schema): Schema => ({
  properties: { fault: { const: name }, params },
  ...(params.required!.length > 0 ? { required: ['params'] } : {}),
});

/** A rule about one of these faults: the one form, wherever a rule is written. */
export function ruleSchema(faults: readonly FaultDefinition[]): Schema {
  return {
    type: 'object',
    description: 'A fault plus whom it hits, when, how often.',
    additionalProperties: false,
    required: ['fault'],
    properties: {
      id: text('Names it, for healing; made up where it is absent.'),
      fault: { type: 'string', enum: faults.map(({ name }) => name), title: 'fault', description: 'Its name (GET /v1/faults).' },
      params: { type: 'object', description: 'How strong: parameters of that fault.' },
      where: WHERE_SCHEMA,
      when: WHEN_SCHEMA,
      times: count('How often it may fire; without limit, where it is absent.', 0),
    },
    anyOf: faults.map((fault) => withParams(fault.name, paramsSchema(fault))),
  };
}

/** A plan: rules under one name. */
export function planSchema(faults: readonly FaultDefinition[]): Schema {
  return {
    type: 'object',
    description: 'Rules that are armed and healed as one.',
    additionalProperties: false,
    required: ['name', 'rules'],
    properties: {
      name: {
        type: 'string',
        pattern: '^[a-z][a-z0-9-]*$',
        title: 'a name in small letters, digits and hyphens',
        description: 'Names it, for healing.',
      },
      doc: text('What happens, in a sentence.'),
      rules: { type: 'array', minItems: 1, items: ruleSchema(faults) },
    },
  };
}
