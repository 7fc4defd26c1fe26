/**
 * `npm run generate-control`: writes simulators/control-types.generated.ts, the types of the control API, from the OpenAPI
 * document that a sandbox with a site of each vendor serves.
 */
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { VENDORS } from '#ehr';
import { ControlApi, openApi, Snapshots } from '#kernel';
import { everything } from '#sandbox';

export const CONTROL_TYPES = fileURLToPath(new URL('../simulators/control-types.generated.ts', import.meta.url));

interface Form {
  $ref?: string;
  type?: string;
  description?: string;
  enum?: (string | number)[];
  properties?: Record<string, Form>;
  required?: string[];
  additionalProperties?: boolean | Form;
  items?: Form;
  anyOf?: Form[];
}
interface Operation {
  operationId: string;
  summary: string;
  parameters: { name: string; in: 'path' | 'query'; style?: string; schema: Form }[];
  requestBody?: { required: boolean; content: Record<string, { schema: Form }> };
  responses: Record<string, { content: Record<string, { schema: Form }> }>;
}
export interface ControlDocument {
  components: { schemas: Record<string, Form> };
  paths: Record<string, Record<string, Operation>>;
}

/** The document of a sandbox that has everything. */
export function wholeDocument(): ControlDocument {
  const { kernel, crm, sites, links } = everything(
    VENDORS.map(({ id }) => ({ name: id, vendor: id, authority: '1.2.3', timeZone: 'UTC' })),
  );
  const parts = [crm, ...sites, ...links];
  const snapshots = new Snapshots(kernel, parts, { root: join(tmpdir(), 'none') });
  const document = openApi(new ControlApi(kernel, parts, { snapshots }).face) as unknown as ControlDocument;
  kernel.close();
  return JSON.parse(JSON.stringify(document)) as ControlDocument;
}

const text = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const key = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : text(name));
const comment = (description: string | undefined, indent: string): string =>
  description ? `${indent}/** ${description.replaceAll('*/', '* /')} */\n` : '';

function typeOf(form: Form, indent: string): string {
  if (form.$ref) return form.$ref.split('/').at(-1)!;
  if (form.enum) return form.enum.map((value) => (typeof value === 'string' ? text(value) : String(value))).join(' | ');
  // Beside a type, forms only say more of it.
  if (form.anyOf && form.type === undefined) return form.anyOf.map((one) => typeOf(one, indent)).join(' | ');
  switch (form.type) {
    case 'array': {
      const item = typeOf(form.items ?? {}, indent);
      return /^[\w$]+$/.test(item) ? `${item}[]` : `(${item})[]`;
    }
    case 'object':
      return objectOf(form, indent);
    case 'integer':
      return 'number';
    case undefined:
      return 'unknown';
    default:
      return form.type;
  }
}

function objectOf({ properties, required = [], additionalProperties }: Form, indent: string): string {
  if (!properties || Object.keys(properties).length === 0)
    return typeof additionalProperties === 'object'
      ? `Record<string, ${typeOf(additionalProperties, indent)}>`
      : 'Record<string, unknown>';
  const inner = `${indent}  `;
  const lines = Object.entries(properties).map(
    ([name, form]) =>
      `${comment(form.description, inner)}${inner}${key(name)}${required.includes(name) ? '' : '?'}: ${typeOf(form, inner)};\n`,
  );
  return `{\n${lines.join('')}${indent}}`;
}

const params = (all: Operation['parameters'], place: 'path' | 'query'): string => {
  const some = all.filter((one) => one.in === place && !one.style);
  const open = all.some((one) => one.in === place && one.style);
  if (some.length === 0) return open ? 'Record<string, string>' : 'Record<never, never>';
  // Which sites there are is the sandbox's own.
  const lines = some.map(
    ({ name, schema }) => `${key(name)}${place === 'path' ? '' : '?'}: ${place === 'path' ? 'string' : typeOf(schema, '')}`,
  );
  return `{ ${lines.join('; ')} }${open ? ' & Record<string, string | number>' : ''}`;
};

/** The types, as they are committed. */
export function controlTypes(document = wholeDocument()): string {
  const forms = Object.entries(document.components.schemas).sort(([a], [b]) => a.localeCompare(b));
  const types = forms.map(([name, form]) => {
    const body = typeOf(form, '');
    const declared = body.startsWith('{') ? `export interface ${name} ${body}` : `export type ${name} = ${body};`;
    return `${comment(form.description, '')}${declared}\n`;
  });
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const described = operations.map(({ path, method, operation }) => {
    const { operationId, summary, parameters, requestBody, responses } = operation;
    const body = requestBody && typeOf(Object.values(requestBody.content)[0]!.schema, '    ');
    const answer = typeOf(responses['200']!.content['application/json']!.schema, '    ');
    const lines = [
      `    method: ${text(method)};`,
      `    path: ${text(path)};`,
      `    params: ${params(parameters, 'path')};`,
      `    query: ${params(parameters, 'query')};`,
      `    body: ${body === undefined ? 'undefined' : requestBody!.required ? body : `${body} | undefined`};`,
      `    answer: ${answer};`,
    ];
    return `${comment(summary, '  ')}  ${key(operationId)}: {\n${lines.join('\n')}\n  };\n`;
  });
  const table = operations.map(
    ({ path, method, operation }) => `  ${key(operation.operationId)}: [${text(method)}, ${text(path)}],\n`,
  );
  return `// Written by \`npm run generate-control\` from the control API's OpenAPI document; edit the routes, not this file.

${types.join('\n')}
/** Every call of the control API, by its operation. */
export interface Operations {
${described.join('')}}

/** Where each call goes. */
export const OPERATIONS: { readonly [Name in keyof Operations]: readonly [method: string, path: Operations[Name]['path']] } = {
${table.join('')}};
`;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) writeFileSync(CONTROL_TYPES, controlTypes());
