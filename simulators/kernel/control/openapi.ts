import type { Face } from '../http.ts';
import type { Schema } from '../schema.ts';
import type { Contract } from './route.ts';
import { list, object, text } from './schema.ts';

const MISTAKE = object(
  { field: text('Where: `changes[0].type`; empty for the whole.'), why: text('What is wrong, and the nearest valid name.') },
  { name: 'Mistake' },
);
const FAILURE = object(
  { error: text('What is wrong, and what would be right.'), 'mistakes?': list(MISTAKE) },
  { name: 'Failure' },
);

/** The routes of a control face as an OpenAPI 3.1 document: printed from what the routes are checked by. */
export function openApi(face: Face): Record<string, unknown> {
  const components: Record<string, unknown> = {};
  const print = (schema: Schema): unknown => printed(schema, components);
  const paths: Record<string, Record<string, unknown>> = {};
  for (const contracts of byTemplate(face)) {
    const [first] = contracts as [Contract];
    const template = first.path.replace(/:(\w+)/g, '{$1}');
    paths[template] = { ...paths[template], [first.method.toLowerCase()]: operation(first, contracts, print) };
  }
  print(FAILURE);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Syncproof control API',
      version: '1',
      description: 'Drives a sandbox of simulated EHRs and a simulated CRM: truth, faults, gates, journal, snapshots.',
    },
    security: [{ token: [] }, {}],
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'Needed where the sandbox was started with one.' },
      },
      schemas: components,
    },
    paths,
  };
}

// The same route of several sites is one entry with a parameter.
function byTemplate(face: Face): Contract[][] {
  const groups = new Map<string, Contract[]>();
  for (const { contract } of face.routes) {
    if (!contract) continue;
    const one = contract as Contract;
    const key = `${one.method} ${one.path}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()];
}

const bodyOf = ({ raw }: Contract, schema: unknown): Record<string, unknown> => ({
  'application/json': { schema },
  ...(raw && { 'application/yaml': { schema } }),
});

function operation(route: Contract, all: readonly Contract[], print: (schema: Schema) => unknown): unknown {
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name = '']) => {
    const values = all.flatMap(({ fixed }) => fixed[name] ?? []);
    const schema: Schema = values.length > 0 ? { type: 'string', enum: values } : (route.params?.[name] ?? { type: 'string' });
    return { name, in: 'path', required: true, schema: print(schema) };
  });
  const inQuery = Object.entries(route.query ?? {}).map(([name, schema]) => ({ name, in: 'query', schema: print(schema) }));
  const more = route.openQuery
    ? [
        {
          name: 'params',
          in: 'query',
          style: 'form',
          explode: true,
          description: route.openQuery,
          schema: print({ type: 'object', additionalProperties: { type: 'string' } }),
        },
      ]
    : [];
  const also = Object.fromEntries(
    Object.entries(route.also ?? {}).map(([type, description]) => [type, { schema: { type: 'string', description } }]),
  );
  const failure = (description: string) => ({ description, content: { 'application/json': { schema: print(FAILURE) } } });
  return {
    operationId: route.operation,
    summary: route.doc,
    parameters: [...inPath, ...inQuery, ...more],
    ...(route.body && {
      requestBody: { required: !route.optional, content: bodyOf(route, print(route.body)) },
    }),
    responses: {
      200: { description: 'Done.', content: { 'application/json': { schema: print(route.answer) }, ...also } },
      400: failure('A mistake in the call: which field, why, and the nearest valid name.'),
      ...(route.open ? {} : { 401: failure('The token is missing or wrong.') }),
      ...(inPath.length > 0 ? { 404: failure('There is none of that name.') } : {}),
      429: failure('Too many calls from beyond this host: wait as Retry-After says.'),
    },
    ...(route.open ? { security: [{}] } : {}),
  };
}

function printed(schema: Schema, components: Record<string, unknown>): unknown {
  const { name, properties, items, additionalProperties, anyOf, ...rest } = schema;
  if (name && components[name] !== undefined) return { $ref: `#/components/schemas/${name}` };
  // Before what is in it: a form may hold itself.
  if (name) components[name] = {};
  const inner = (one: Schema): unknown => printed(one, components);
  const whole = {
    ...rest,
    ...(rest.required && rest.required.length === 0 ? { required: undefined } : {}),
    ...(properties && { properties: Object.fromEntries(Object.entries(properties).map(([key, one]) => [key, inner(one)])) }),
    ...(additionalProperties !== undefined && {
      additionalProperties: typeof additionalProperties === 'boolean' ? additionalProperties : inner(additionalProperties),
    }),
    ...(items && { items: inner(items) }),
    ...(anyOf && { anyOf: anyOf.map(inner) }),
  };
  if (!name) return whole;
  components[name] = whole;
  return { $ref: `#/components/schemas/${name}` };
}
