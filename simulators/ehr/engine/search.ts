import type { ErrorName, Given, IssueDetail, SiteFacts, TypeCapability } from '../vendors/vendor.ts';
import type { Site } from './context.ts';
import { SEARCH_PARAMETERS } from './parameters.ts';
import { refuse, refuseWith } from './replies.ts';
import { type Criterion, DATE_PREFIXES, type DatePrefix, type DateTest } from './sql.ts';

/** A search as understood: what finds, what filters, what was dropped. */
export interface ParsedSearch {
  native: Criterion[];
  post: Criterion[];
  /** Unknown parameters, where the vendor mentions them. */
  noted: string[];
  count: number;
  /** `_summary=count`. */
  counting: boolean;
  /** Query of the self link: own parameters first, `_count` last. */
  self: string;
  /** Too weak to find anything at this vendor. */
  hopeless: boolean;
}

// Results shaped otherwise than asked for would be a silent lie; a vendor that honours these is not simulated in it.
const RESULT_PARAMETERS = [
  '_include',
  '_revinclude',
  '_sort',
  '_elements',
  '_has',
  '_contained',
  '_total',
  '_filter',
  '_text',
  '_content',
  '_list',
  '_query',
];
const SHAPING = ['_format', '_pretty', '_count', '_summary'];

/** Reads the parameters of a search by the vendor's table. @throws Rejected in the vendor's form. */
export function parseSearch(site: Site, type: string, table: TypeCapability, params: URLSearchParams): ParsedSearch {
  const all: Given[] = [...params].map(([key, value]) => {
    const [name, modifier] = key.split(':', 2) as [string, string | undefined];
    return { name, modifier, value };
  });
  const shaping = all.filter(({ name }) => SHAPING.includes(name));
  const criteria = all.filter(({ name, value }) => !SHAPING.includes(name) && value !== '');
  const given = site.vendor.hooks.onSearch?.(type, criteria, factsOf(site)) ?? criteria;
  const unknown = given.filter(({ name }) => table.search[name] === undefined);
  for (const { name } of given) if (table.search[name] === null) missing(`the search parameter ${name} of ${type}`);
  for (const { name } of unknown) if (RESULT_PARAMETERS.includes(name)) missing(`the search parameter ${name}`);
  const known = given.filter(({ name }) => table.search[name]);
  const notes = unknown.map(({ name }) => ({
    error: 'unknown-parameter' as const,
    diagnostics: `Unknown query parameter: ${name}`,
    expression: name,
  }));
  if (notes.length > 0 && table.unknown === 'reject') refuseWith('unknown-parameter', notes);
  const compiled = known.map((one) => ({ one, criterion: criterion(site, type, one) }));
  const noted = table.unknown === 'note' ? notes.map(({ expression }) => expression) : [];
  const hopeless = !enough(table, known, noted.length > 0 ? notes : []);
  const pick = (kind: 'native' | 'post') =>
    compiled.filter(({ one }) => table.search[one.name] === kind).map((item) => item.criterion);
  return {
    native: pick('native'),
    post: pick('post'),
    noted,
    count: pageSize(site, shaping),
    counting: shaping.some(({ name, value }) => name === '_summary' && value === 'count'),
    self: selfQuery(criteria, table, shaping),
    hopeless,
  };
}

function missing(what: string): never {
  return refuse('not-simulated', { diagnostics: `Not simulated: ${what}.` });
}

/** What a vendor's hook may know. */
export const factsOf = (site: Site): SiteFacts => ({
  mrnSystem: site.systems.mrn,
  appointmentSystem: site.systems.appointment,
  exists: (type, id) => site.store.exists(type, id),
  reject: (error: ErrorName, detail = {}) => refuse(error, detail),
});

function enough(table: TypeCapability, known: readonly Given[], notes: IssueDetail[]): boolean {
  const { needs } = table;
  if (!needs) return true;
  const has = (name: string): boolean => name.split('|').some((one) => known.some((given) => given.name === one));
  if (needs.anyOf.some((set) => set.every(has))) return true;
  if (needs.weak === 'empty' && known.some(({ name }) => table.search[name] === 'native')) return false;
  return refuseWith('missing-criteria', [
    ...notes,
    { error: 'missing-criteria', diagnostics: needs.text, expression: needs.expression },
  ]);
}

function pageSize(site: Site, shaping: readonly Given[]): number {
  const { defaultCount, maxCount } = site.vendor.search;
  const asked = shaping.find(({ name }) => name === '_count')?.value;
  if (asked === undefined) return defaultCount;
  if (!/^\d+$/.test(asked))
    refuse('invalid-parameter', { diagnostics: `_count must be a number, not ${asked}`, expression: '_count' });
  return Math.max(1, Math.min(Number(asked), maxCount));
}

function selfQuery(given: readonly Given[], table: TypeCapability, shaping: readonly Given[]): string {
  const own = given.filter(({ name }) => table.search[name]);
  const other = given.filter(({ name }) => !table.search[name]);
  const query = new URLSearchParams();
  for (const { name, modifier, value } of [...own, ...other, ...shaping.filter(({ name }) => name === '_count')])
    query.append(modifier === undefined ? name : `${name}:${modifier}`, value);
  return query.toString();
}

/** Splits at unescaped commas (or bars) and takes the backslashes of FHIR's escapes away. */
export function splitValues(text: string, by: ',' | '|' = ','): string[] {
  const parts: string[] = [];
  let part = '';
  for (let i = 0; i < text.length; i++) {
    const [char, next] = [text[i]!, text[i + 1]];
    if (char === '\\' && next !== undefined && ',|$\\'.includes(next)) {
      // Inner escapes survive the first split: a comma list holds tokens, whose bars are split later.
      part += by === ',' && next !== ',' ? char + next : next;
      i++;
    } else if (char === by) {
      parts.push(part);
      part = '';
    } else part += char;
  }
  return [...parts, part];
}

/** One parameter as a criterion. @throws Rejected `invalid-parameter` naming it. */
export function criterion(site: Pick<Site, 'vendor' | 'store'>, type: string, { name, modifier, value }: Given): Criterion {
  const bad = (why: string): never => refuse('invalid-parameter', { diagnostics: `${name}: ${why}`, expression: name });
  const values = splitValues(value).filter((text) => text !== '');
  if (values.length === 0) bad('has no value');
  if (name === '_id')
    return modifier === undefined ? { kind: 'id', any: values } : bad(`the modifier :${modifier} is not supported`);
  const parameter = SEARCH_PARAMETERS[type]?.[name];
  if (!parameter) throw new Error(`the capability table names ${type}.${name}, which the engine does not know`);
  if (parameter.kind === 'token' && (modifier === undefined || modifier === 'not'))
    return { kind: 'token', name, not: modifier === 'not', any: values.map(token) };
  if (parameter.kind === 'string' && (modifier === undefined || modifier === 'exact' || modifier === 'contains'))
    return { kind: 'string', name, match: modifier ?? 'prefix', any: values.map((text) => splitValues(text, '|').join('|')) };
  if (parameter.kind === 'reference' && (modifier === undefined || parameter.targets.includes(modifier)))
    return { kind: 'reference', name, any: values.flatMap((text) => targets(text, modifier ? [modifier] : parameter.targets)) };
  if (parameter.kind === 'date' && modifier === undefined)
    return { kind: 'date', name, any: values.map((text) => dateTest(site, text) ?? bad(`${text} is not a date`)) };
  return bad(`the modifier :${modifier} is not supported`);
}

function token(text: string): { system?: string; value?: string } {
  const [first, ...rest] = splitValues(text, '|') as [string, ...string[]];
  if (rest.length === 0) return { value: first };
  return rest.join('|') === '' ? { system: first } : { system: first, value: rest.join('|') };
}

// A bare id may mean any target; `Type/id` and an absolute URL mean what they say.
function targets(text: string, types: readonly string[]): string[] {
  const literal = /(?:^|\/)([A-Z][A-Za-z]+)\/([^/]+)$/.exec(text);
  return literal ? [`${literal[1]}/${literal[2]}`] : types.map((type) => `${type}/${text}`);
}

function dateTest(site: Pick<Site, 'vendor' | 'store'>, text: string): DateTest | undefined {
  const stated = DATE_PREFIXES.find((prefix) => text.startsWith(prefix));
  const prefix: DatePrefix = stated ?? 'eq';
  // A `+` of a zone offset arrives as a space when the client did not encode it.
  const range = site.store.range((stated ? text.slice(2) : text).replace(' ', '+'));
  if (!range || !site.vendor.search.prefixes.includes(prefix)) return undefined;
  if (prefix !== 'ap') return { prefix, ...range };
  const slack = Math.max(range.high - range.low, 43_200_000);
  return { prefix, low: range.low - slack, high: range.high + slack };
}
