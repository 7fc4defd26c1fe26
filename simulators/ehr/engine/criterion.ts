import type { Given } from '../vendors/vendor.ts';
import type { Site } from './context.ts';
import {
  type Criterion,
  DATE_PREFIXES,
  type DatePrefix,
  type DateTest,
  type PairTest,
  type QuantityTest,
  type TokenTest,
} from './criteria.ts';
import { isHeld } from './definitions.ts';
import { type PlainKind, parameterOf, type SearchParameter } from './parameters.ts';
import { refuse } from './replies.ts';

type Where = Pick<Site, 'vendor' | 'store'>;
type Bad = (why: string) => never;

/** Splits at unescaped commas (or bars, or dollars) and takes the backslashes of FHIR's escapes away. */
export function splitValues(text: string, by: ',' | '|' | '$' = ','): string[] {
  const parts: string[] = [];
  let part = '';
  for (let i = 0; i < text.length; i++) {
    const [char, next] = [text[i]!, text[i + 1]];
    if (char === '\\' && next !== undefined && ',|$\\'.includes(next)) {
      // Inner escapes survive the outer splits: a comma list holds pairs, which hold tokens, whose bars are split last.
      part += by !== '|' && next !== by ? char + next : next;
      i++;
    } else if (char === by) {
      parts.push(part);
      part = '';
    } else part += char;
  }
  return [...parts, part];
}

/** One parameter as a criterion. @throws Rejected `invalid-parameter` naming it. */
export function criterion(site: Where, type: string, given: Given, allowed?: readonly string[]): Criterion {
  const { name, modifier, chain, value } = given;
  const bad: Bad = (why) => refuse('invalid-parameter', { diagnostics: `${name}: ${why}`, expression: name });
  const values = splitValues(value).filter((text) => text !== '');
  if (values.length === 0) bad('has no value');
  const unsupported = (): never => bad(`the modifier :${modifier} is not supported`);
  if (name === '_has') return having(site, type, given, bad);
  if (name === '_id') return modifier === undefined ? { kind: 'id', any: values } : unsupported();
  const parameter = parameterOf(type, name);
  if (!parameter) throw new Error(`the capability table names ${type}.${name}, which the engine does not know`);
  if (modifier !== undefined && allowed && !allowed.includes(modifier) && !/^[A-Z]/.test(modifier)) unsupported();
  if (chain !== undefined) return chained(site, parameter, given, bad);
  if (modifier === 'missing') {
    if (value !== 'true' && value !== 'false') bad(':missing is true or false');
    return { kind: 'missing', parameter, missing: value === 'true' };
  }
  return plain(site, parameter, values, modifier, bad) ?? unsupported();
}

function plain(
  site: Where,
  parameter: SearchParameter,
  values: string[],
  modifier: string | undefined,
  bad: Bad,
): Criterion | undefined {
  const { table: kind, targets } = parameter;
  const bare = modifier === undefined;
  if (kind === 'token' && (bare || modifier === 'not'))
    return { kind, parameter, not: modifier === 'not', any: values.map((text) => tokenTest(text, parameter.bare)) };
  if (kind === 'string' && (bare || modifier === 'exact' || modifier === 'contains'))
    return { kind, parameter, match: modifier ?? 'prefix', any: values.map(plainText) };
  if (kind === 'uri' && (bare || modifier === 'below'))
    return { kind, parameter, match: bare ? 'exact' : 'below', any: values.map(plainText) };
  if (kind === 'reference' && (bare || targets.includes(modifier!)))
    return { kind, parameter, any: values.flatMap((text) => targetsOf(site, plainText(text), bare ? targets : [modifier!])) };
  if (kind === 'date' && bare)
    return { kind, parameter, any: values.map((text) => dateTest(site, text) ?? bad(`${text} is not a date`)) };
  if (kind === 'quantity' && bare)
    return { kind, parameter, any: values.map((text) => quantityTest(site, text) ?? bad(`${text} is not a number`)) };
  if (kind === 'composite' && bare) return { kind, parameter, any: values.map((text) => pairTest(site, parameter, text, bad)) };
  return undefined;
}

// `patient.name=…`, `subject:Patient.name=…`: one level, every type that it may point at.
function chained(site: Where, parameter: SearchParameter, { modifier, chain, value }: Given, bad: Bad): Criterion {
  const [name, inner] = chain!.split(':', 2) as [string, string | undefined];
  if (parameter.table !== 'reference') bad('is no reference, so nothing can be chained to it');
  if (name.includes('.')) bad('one level of chaining is supported');
  const types = modifier === undefined ? parameter.targets : [modifier];
  const met = types.filter((type) => name === '_id' || parameterOf(type, name));
  if (met.length === 0) bad(`${types.join(', ')} have no search parameter ${name}`);
  return {
    kind: 'chain',
    parameter,
    inner: met.map((type) => ({ type, criterion: criterion(site, type, { name, modifier: inner, value }) })),
  };
}

// `_has:Observation:patient:code=…`: whom an observation of that code points at.
function having(site: Where, type: string, { modifier = '', chain, value }: Given, bad: Bad): Criterion {
  const [holder = '', reference = '', name = '', ...more] = modifier.split(':');
  if (chain !== undefined || name === '' || name === '_has' || more.length > 1)
    bad('takes the form _has:Type:reference:parameter=value, one level');
  const parameter = isHeld(holder) ? parameterOf(holder, reference) : undefined;
  if (parameter?.table !== 'reference' || !parameter.targets.includes(type))
    return bad(`${holder}:${reference} points at no ${type}`);
  if (name !== '_id' && !parameterOf(holder, name)) bad(`${holder} has no search parameter ${name}`);
  return { kind: 'has', parameter, type: holder, inner: criterion(site, holder, { name, modifier: more[0], value }) };
}

const plainText = (text: string): string => splitValues(text, '|').join('|');

function tokenTest(text: string, bare = false): TokenTest {
  const [first, ...rest] = splitValues(text, '|') as [string, ...string[]];
  if (rest.length === 0) return { value: first };
  if (rest.join('|') === '') return { system: first };
  // The system of a plain code is that of its binding, which is not stored.
  return bare && first.startsWith('http://hl7.org/fhir/') ? { value: rest.join('|') } : { system: first, value: rest.join('|') };
}

// A bare id may mean any target; `Type/id` means what it says, and an absolute URL may be this server's or another's.
function targetsOf(site: Where, text: string, types: readonly string[]): string[] {
  const literal = /^(?:(https?:.*)\/)?([A-Z][A-Za-z]+)\/([^/]+)$/.exec(text);
  if (!literal) return /^[a-z]+:/.test(text) || types.length === 0 ? [text] : types.map((type) => `${type}/${text}`);
  const [, base, type, id] = literal;
  const root = site.vendor.paths.fhir.replace(/\/\{tenant\}.*$/, '');
  return [...(base === undefined || base.includes(root) ? [`${type}/${id}`] : []), ...(base === undefined ? [] : [text])];
}

function prefixed(site: Where, text: string): { prefix: DatePrefix; rest: string } | undefined {
  const stated = DATE_PREFIXES.find((prefix) => text.startsWith(prefix));
  const prefix = stated ?? 'eq';
  return site.vendor.search.prefixes.includes(prefix) ? { prefix, rest: stated ? text.slice(2) : text } : undefined;
}

function dateTest(site: Where, text: string): DateTest | undefined {
  const parts = prefixed(site, text);
  // A `+` of a zone offset arrives as a space when the client did not encode it.
  const range = parts && site.store.range(parts.rest.replace(' ', '+'));
  if (!range) return undefined;
  const { prefix } = parts;
  if (prefix !== 'ap') return { prefix, ...range };
  const slack = Math.max(range.high - range.low, 43_200_000);
  return { prefix, low: range.low - slack, high: range.high + slack };
}

/** `5.4`, `gt5.4|http://unitsofmeasure.org|mg`, `5.4||mg`. */
function quantityTest(site: Where, text: string): QuantityTest | undefined {
  const [number, ...unit] = splitValues(text, '|') as [string, ...string[]];
  const parts = prefixed(site, number);
  if (!parts || !/^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(parts.rest) || unit.length > 2) return undefined;
  const value = Number(parts.rest);
  const [mantissa, exponent = '0'] = parts.rest.toLowerCase().split('e') as [string, string?];
  const half = 0.5 * 10 ** (Number(exponent) - (mantissa.split('.')[1]?.length ?? 0));
  const slack = parts.prefix === 'ap' ? Math.max(Math.abs(value) * 0.1, half) : half;
  const range = { prefix: parts.prefix, value, low: value - slack, high: value + slack };
  const [system, code] = unit;
  if (code === undefined || code === '') return { ...range, system: system || undefined };
  return system ? { ...range, system, code } : { ...range, unit: code };
}

function pairTest(site: Where, { parts, name, targets }: SearchParameter, text: string, bad: Bad): PairTest {
  const [one, two, ...more] = splitValues(text, '$');
  if (!one || !two || more.length > 0) return bad('is two values with a $ between them');
  const kinds = parts as readonly PlainKind[];
  const first = tokenTest(one);
  const kind = kinds[1]!;
  if (kind === 'token') return { first, second: { kind, test: tokenTest(two) } };
  if (kind === 'date') return { first, second: { kind, test: dateTest(site, two) ?? bad(`${two} is not a date`) } };
  if (kind === 'quantity') return { first, second: { kind, test: quantityTest(site, two) ?? bad(`${two} is not a number`) } };
  if (kind === 'string') return { first, second: { kind, test: plainText(two) } };
  if (kind === 'reference') return { first, second: { kind, test: targetsOf(site, plainText(two), targets) } };
  throw new Error(`no search by ${name}: its second part is a ${kind}`);
}
