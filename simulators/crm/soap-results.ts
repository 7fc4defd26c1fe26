import type { Edition } from './soap-edition.ts';
import { escaped } from './soap-xml.ts';

/** Answers of the REST API in the XML of the SOAP API: elements in the order of its WSDL. */

const NIL = 'xsi:nil="true"';

export interface Result {
  id?: string;
  success: boolean;
  created?: boolean;
  errors: { statusCode: string; message: string; fields?: string[] }[];
}

export const errorsXml = (errors: Result['errors']): string =>
  errors
    .map(
      ({ statusCode, message, fields = [] }) =>
        `<errors>${fields.map((field) => `<fields>${escaped(field)}</fields>`).join('')}<message>${escaped(message)}</message><statusCode>${statusCode}</statusCode></errors>`,
    )
    .join('');

const resultXml = ({ id, success, created, errors }: Result): string =>
  [
    '<result>',
    created === undefined ? '' : `<created>${created}</created>`,
    errorsXml(errors),
    id === undefined ? `<id ${NIL}/>` : `<id>${id}</id>`,
    `<success>${success}</success></result>`,
  ].join('');

export const results = (body: unknown): string => (body as Result[]).map(resultXml).join('');
export const upserted = (body: unknown): string =>
  (body as Result[]).map((one) => resultXml({ ...one, created: one.created ?? false })).join('');

export type Shown = Record<string, unknown> & { attributes?: { type: string } };
interface Page {
  totalSize: number;
  done: boolean;
  nextRecordsUrl?: string;
  records: Shown[];
}

function pageXml({ totalSize, done, nextRecordsUrl, records }: Page, edition: Edition): string {
  const locator = nextRecordsUrl?.split('/').at(-1);
  return `<done>${done}</done>${locator ? `<queryLocator>${locator}</queryLocator>` : `<queryLocator ${NIL}/>`}${records.map((one) => recordXml('records', one, edition)).join('')}<size>${totalSize}</size>`;
}

export function recordXml(tag: string, { attributes, ...fields }: Shown, edition: Edition): string {
  const type = attributes?.type ?? 'AggregateResult';
  const id = fields.Id === undefined || fields.Id === null ? `<sf:Id ${NIL}/>` : `<sf:Id>${fields.Id}</sf:Id>`;
  const shown = edition.fields(fields).map(([name, value]) => fieldXml(name, value, edition));
  return `<${tag} ${edition.head(type)}${id}${shown.join('')}</${tag}>`;
}

function fieldXml(name: string, value: unknown, edition: Edition): string {
  if (value === null || value === undefined) return `<sf:${name} ${NIL}/>`;
  if (typeof value !== 'object') {
    const text = timeXml(String(value));
    const type = typeof value === 'number' ? ` xsi:type="xsd:${Number.isInteger(value) ? 'int' : 'double'}"` : '';
    return `<sf:${name}${type}>${escaped(text)}</sf:${name}>`;
  }
  if (Array.isArray((value as Page).records))
    return `<sf:${name} xsi:type="QueryResult">${pageXml(value as Page, edition)}</sf:${name}>`;
  return recordXml(`sf:${name}`, value as Shown, edition);
}

/** REST writes +0000 where SOAP has Z. */
export const timeXml = (text: string): string => text.replace(/^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})\+0000$/, '$1Z');

/** A page of a query. */
export const found = (body: unknown, edition: Edition): string =>
  `<result xsi:type="QueryResult">${pageXml(body as Page, edition)}</result>`;

export const retrieved = (body: unknown, edition: Edition): string =>
  (body as (Shown | null)[]).map((one) => (one ? recordXml('result', one, edition) : `<result ${NIL}/>`)).join('');
