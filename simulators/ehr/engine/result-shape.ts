import type { Given, TypeCapability } from '../vendors/vendor.ts';
import type { Site } from './context.ts';
import { DEFINITIONS } from './definitions.ts';
import { parameterOf } from './parameters.ts';
import { refuse } from './replies.ts';
import type { Resource } from './resource.ts';

/** `Type:parameter[:Target]`, or `*` for every reference. */
export interface Include {
  /** Type that holds the reference. */
  source: string;
  /** `*` for all. */
  parameter: string;
  target?: string;
  /** Is what was included looked at as well? */
  iterate: boolean;
}

/** What the result of a search looks like, beside what it finds. */
export interface ResultShape {
  include: Include[];
  revInclude: Include[];
  /** Name of a search parameter, `-` before it for descending order. */
  sort: string[];
  summary: 'true' | 'text' | 'data' | 'count' | 'false';
  elements: string[];
  /** Does the client want to know how many there are? */
  total: boolean;
}

/** Parameters of the self link that are no criteria. */
export const SHAPING: readonly string[] = ['_count', '_summary', '_include', '_revinclude', '_sort', '_elements', '_total'];

/** Reads them. @throws Rejected `invalid-parameter` naming the one that is wrong. */
export function readShape(site: Site, type: string, table: TypeCapability, shaping: readonly Given[]): ResultShape {
  const values = (name: string): Given[] => shaping.filter((one) => one.name === name && one.value !== '');
  const list = (name: string): string[] =>
    values(name)
      .flatMap(({ value }) => value.split(','))
      .filter((one) => one !== '');
  const bad = (name: string, why: string): never =>
    refuse('invalid-parameter', { diagnostics: `${name}: ${why}`, expression: name });
  const summary = list('_summary').at(-1) ?? 'false';
  if (!site.vendor.search.summaries.includes(summary))
    bad('_summary', `must be ${site.vendor.search.summaries.join(' or ')}, not ${summary}`);
  const sort = list('_sort');
  for (const key of sort) {
    const name = key.replace(/^-/, '');
    if (name !== '_id' && (!table.search[name] || !parameterOf(type, name)))
      bad('_sort', `${name} is no search parameter of ${type}`);
  }
  return {
    include: values('_include').flatMap((one) => includes(one, type, table.include ?? [], bad)),
    revInclude: values('_revinclude').flatMap((one) => includes(one, type, table.revInclude ?? [], bad)),
    sort: sort.length > 0 ? sort : [...(table.sort ?? [])],
    summary: (values('_count').some(({ value }) => /^0+$/.test(value)) ? 'count' : summary) as ResultShape['summary'],
    elements: list('_elements'),
    total: list('_total').at(-1) !== 'none',
  };
}

function includes(
  { name, modifier, value }: Given,
  type: string,
  declared: readonly string[],
  bad: (name: string, why: string) => never,
): Include[] {
  if (modifier !== undefined && modifier !== 'iterate' && modifier !== 'recurse')
    bad(name, `the modifier :${modifier} is not supported`);
  const iterate = modifier !== undefined;
  if (name === '_include' && value === '*')
    return declared.includes('*') ? [{ source: type, parameter: '*', iterate }] : bad(name, '* is not supported');
  const [source, parameter, target] = value.split(':') as [string, string?, string?];
  if (!parameter) return bad(name, `must be Type:parameter, not ${value}`);
  const short = name === '_include' ? [parameter, `${source}:${parameter}`] : [`${source}:${parameter}`];
  if (!declared.includes('*') && !declared.some((one) => short.includes(one) || one === value))
    bad(name, `${value} is not supported`);
  if (parameter !== '*' && parameterOf(source, parameter)?.table !== 'reference')
    bad(name, `${source} has no reference ${parameter}`);
  return [{ source, parameter, target, iterate }];
}

const SUBSETTED = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' };

/** Does the shape leave elements out of the resources themselves? */
export const isPartial = ({ summary, elements }: Pick<ResultShape, 'summary' | 'elements'>): boolean =>
  elements.length > 0 || (summary !== 'false' && summary !== 'count');

/** A resource's text with the elements that were asked for, those that can never be left out, and a tag that says so. */
export function partialText(
  text: string,
  type: string,
  { summary, elements }: Pick<ResultShape, 'summary' | 'elements'>,
): string {
  const resource = JSON.parse(text) as Resource;
  const lines = DEFINITIONS.summary[type] ?? [];
  const required = lines.filter((line) => line.endsWith('*')).map((line) => line.slice(0, -1));
  const names =
    elements.length > 0
      ? [...elements, ...required]
      : summary === 'true'
        ? lines.map((line) => line.replace('*', ''))
        : ['text', ...required];
  // A choice is named by its stem: deceased for deceasedBoolean.
  const wanted = (name: string): boolean =>
    names.some((one) => name === one || (name.startsWith(one) && /^[A-Z]/.test(name.slice(one.length))));
  const kept = Object.entries(resource).filter(([name]) => {
    if (['resourceType', 'id', 'meta', 'implicitRules'].includes(name)) return true;
    return summary === 'data' && elements.length === 0 ? name !== 'text' : wanted(name.replace(/^_/, ''));
  });
  const tag = [...((resource.meta?.tag as object[] | undefined) ?? []), SUBSETTED];
  return JSON.stringify({ ...Object.fromEntries(kept), meta: { ...resource.meta, tag } });
}
