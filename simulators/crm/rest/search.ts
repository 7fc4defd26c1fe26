import type { RecordRef } from '#kernel';
import { CrmError, crmError } from '../errors.ts';
import { type SObjectType, TEXT_TYPES } from '../schema.ts';
import { prepare } from '../soql/select.ts';
import type { Stored } from '../store.ts';
import { type Answer, bodyOf, type Call, type RestRoute, versionNumber } from './call.ts';
import { highlight } from './search-highlight.ts';
import { malformed, matcher, parseTerm, type Term } from './search-term.ts';

/** SOSL and parameterized search, without what belongs to divisions, communities, price books and Knowledge: SOQL and SOSL Reference, "FIND {SearchQuery}"; REST API Developer Guide, "Search". */

const SCOPES = ['ALL', 'NAME', 'EMAIL', 'PHONE', 'SIDEBAR'] as const;
type Scope = (typeof SCOPES)[number];

/** What is wanted of one object. */
interface Wanted {
  object: string;
  fields: string[];
  where?: string;
  orderBy?: string;
  limit?: number;
  offset?: number;
}

interface Search {
  term: Term;
  scope: Scope;
  wanted: Wanted[];
  limit: number;
  /** Terms are to be marked. */
  marks?: boolean;
}

const MOST = 2000;
const lacks = (what: string): CrmError => crmError('not-implemented', { what: `${what} in SOSL` });

/** Reads a SOSL statement. @throws CrmError MALFORMED_SEARCH, or 501 for what this simulator lacks */
export function parseSosl(text: string): Search {
  const find = /^\s*FIND\s*\{((?:\\.|[^}\\])*)\}\s*/i.exec(text);
  if (!find) throw malformed('No search term found. The search term must be enclosed in braces.');
  let rest = text.slice(find[0].length);
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    const found = pattern.exec(rest);
    if (found) rest = rest.slice(found[0].length);
    return found ?? undefined;
  };
  const scope = (take(/^IN\s+(\w+)\s+FIELDS\b\s*/i)?.[1]?.toUpperCase() ?? 'ALL') as Scope;
  if (!SCOPES.includes(scope)) throw malformed(`unexpected token: ${scope}`);
  const wanted: Wanted[] = [];
  if (take(/^RETURNING\s+/i)) {
    do {
      const [, object = ''] = take(/^(\w+)\s*/) ?? [];
      if (object === '') throw malformed(`unexpected token: ${rest.slice(0, 20) || '<EOF>'}`);
      wanted.push({ object, ...(rest.startsWith('(') ? insideOf(parenthesis()) : { fields: [] }) });
    } while (take(/^\s*,\s*/));
  }
  let marks = false;
  for (;;) {
    // No spelling is ever corrected here, which is what most searches meet that ask for it, too.
    if (take(/^\s*WITH\s+SPELL_CORRECTION\s*=\s*(?:true|false)\b\s*/i)) continue;
    if (!take(/^\s*WITH\s+HIGHLIGHT\b\s*/i)) break;
    marks = true;
  }
  const lacking = (pattern: RegExp): void => {
    const [, more] = pattern.exec(rest) ?? [];
    if (more) throw lacks(more.toUpperCase());
  };
  lacking(/^\s*(WITH\s+(?:DATA\s+CATEGORY|\w+))/i);
  const limit = Number(take(/^\s*LIMIT\s+(\d+)\s*/i)?.[1] ?? MOST);
  lacking(/^\s*(UPDATE\s+(?:TRACKING|VIEWSTAT))\b/i);
  if (rest.trim() !== '') throw malformed(`unexpected token: ${rest.trim().split(/\s+/)[0]}`);
  return { term: parseTerm(find[1]!), scope, wanted, limit: checked(limit), marks };

  // What stands between a parenthesis and its end; quotes may hold others.
  function parenthesis(): string {
    let depth = 0;
    for (let i = 0; i < rest.length; i++) {
      if (rest[i] === "'") {
        for (i++; i < rest.length && rest[i] !== "'"; i++) if (rest[i] === '\\') i++;
        continue;
      }
      if (rest[i] === '(') depth++;
      if (rest[i] === ')' && --depth === 0) {
        const inner = rest.slice(1, i);
        rest = rest.slice(i + 1);
        return inner;
      }
    }
    throw malformed('expecting a right parentheses, found <EOF>');
  }
}

const INSIDE =
  /^\s*([\w\s,.()]+?)(?:\s+WHERE\s+([\s\S]+?))?(?:\s+ORDER\s+BY\s+([\s\S]+?))?(?:\s+LIMIT\s+(\d+))?(?:\s+OFFSET\s+(\d+))?\s*$/i;

function insideOf(text: string): Omit<Wanted, 'object'> {
  if (/\bUSING\s+LISTVIEW\b/i.test(text.replace(/'(?:\\.|[^'\\])*'/g, "''"))) throw lacks('USING ListView');
  const [, fields = '', where, orderBy, limit, offset] = INSIDE.exec(text) ?? [];
  if (fields.trim() === '') throw malformed(`unexpected token: ${text.trim() || ')'}`);
  return {
    fields: fields.split(',').map((field) => field.trim()),
    ...{ where, orderBy },
    ...(limit === undefined ? {} : { limit: Number(limit) }),
    ...(offset === undefined ? {} : { offset: Number(offset) }),
  };
}

function checked(limit: number): number {
  if (limit > MOST) throw malformed(`the maximum number of rows that can be returned is ${MOST}`);
  return limit;
}

const NAMES = ['Name', 'FirstName', 'LastName', 'MiddleName'];

function searched(type: SObjectType, scope: Scope): string[] {
  const fields = type.fields.filter(({ type: kind, filterable }) => TEXT_TYPES.includes(kind) && filterable !== false);
  const of = {
    ALL: () => true,
    SIDEBAR: () => true,
    NAME: ({ name, nameField }: (typeof fields)[number]) => Boolean(nameField) || NAMES.includes(name),
    EMAIL: ({ type: kind }: (typeof fields)[number]) => kind === 'email',
    PHONE: ({ type: kind }: (typeof fields)[number]) => kind === 'phone',
  }[scope];
  return fields.filter(of).map(({ name }) => name);
}

function* run(call: Call, search: Search): Generator<void, Answer> {
  const { org, session, schema } = call;
  // Where the XML has its marks is not verified.
  if (search.marks && call.api === 'soap') throw lacks('WITH HIGHLIGHT over SOAP');
  const matches = matcher(search.term);
  // Without RETURNING everything with a name is looked through, and only ids are told.
  const everywhere = (): Wanted[] =>
    schema.types
      .filter(({ definition }) => !definition.event && definition.fields.some((field) => field.nameField))
      .map(({ name }) => ({ object: name, fields: [] }));
  const served: RecordRef[] = [];
  const found: unknown[] = [];
  for (const { object, fields, where, orderBy, limit = MOST, offset = 0 } of search.wanted.length > 0
    ? search.wanted
    : everywhere()) {
    const type = schema.type(object);
    if (!type) throw new CrmError(400, [{ errorCode: 'INVALID_TYPE', message: `sObject type '${object}' is not supported.` }]);
    const names = searched(type, search.scope);
    const columns = fields.length > 0 ? fields : ['Id'];
    const soql = `SELECT ${columns.join(', ')} FROM ${type.name}${where ? ` WHERE ${where}` : ''}${orderBy ? ` ORDER BY ${orderBy}` : ''}`;
    const statement = prepare(soql, org.queryTools(session.userId));
    const rows: Stored[] = (yield* statement.rows({ deleted: false })).filter(({ row }) =>
      matches(names.flatMap((name) => (row[name] === undefined || row[name] === null ? [] : [String(row[name]).toLowerCase()]))),
    );
    const shown = statement.show(rows.slice(offset, offset + limit), call.version, served);
    if (search.marks) highlight(shown, type, search.term);
    found.push(...shown);
  }
  const records = found.slice(0, search.limit);
  return { status: 200, body: versionNumber(call) < 37 ? records : { searchRecords: records }, served };
}

interface Parameters {
  q?: string;
  in?: string;
  fields?: string[];
  sobjects?: { name: string; fields?: string[]; where?: string; limit?: number }[];
  overallLimit?: number;
  defaultLimit?: number;
}

function parametersOf({ query }: Call): Parameters {
  const list = (text: string | null): string[] | undefined => text?.split(',').map((one) => one.trim());
  const whole = (text: string | null): number | undefined => (text === null ? undefined : Number(text));
  return {
    q: query.get('q') ?? undefined,
    in: query.get('in') ?? undefined,
    fields: list(query.get('fields')),
    sobjects: query.getAll('sobject').flatMap((names) =>
      names.split(',').map((name) => ({
        name,
        fields: list(query.get(`${name}.fields`)),
        where: query.get(`${name}.where`) ?? undefined,
        limit: whole(query.get(`${name}.limit`)),
      })),
    ),
    overallLimit: whole(query.get('overallLimit')),
    defaultLimit: whole(query.get('defaultLimit')),
  };
}

function parameterized(call: Call): Generator<void, Answer> {
  const asked = call.method === 'POST' ? (bodyOf(call) as Parameters) : parametersOf(call);
  if (!asked.q) throw malformed('No search term found.');
  const scope = (asked.in ?? 'ALL').toUpperCase() as Scope;
  if (!SCOPES.includes(scope)) throw malformed(`unexpected token: ${asked.in}`);
  const wanted = (asked.sobjects ?? []).map(({ name, fields = asked.fields ?? [], where, limit = asked.defaultLimit }) => ({
    ...{ object: name, fields, where },
    ...(limit === undefined ? {} : { limit }),
  }));
  return run(call, { term: parseTerm(asked.q), scope, wanted, limit: checked(asked.overallLimit ?? MOST) });
}

const search = { operation: 'query', tier: 'semantic' } as const;

export const SEARCH_ROUTES: RestRoute[] = [
  {
    ...search,
    method: 'GET',
    path: 'search',
    doc: 'runs a SOSL statement; no spelling is corrected',
    run: (call) => run(call, parseSosl(call.query.get('q') ?? '')),
  },
  { ...search, method: 'GET', path: 'parameterizedSearch', doc: 'searches without SOSL', run: parameterized },
  { ...search, method: 'POST', path: 'parameterizedSearch', doc: 'searches without SOSL', run: parameterized },
];
