import type { Request } from '#kernel';

/**
 * The records that a call to the CRM names: by its path (`Contact/003…`, or `Contact/EHR_Key__c/…` for an external id), by
 * the values that a query compares, and by ids and parents' external ids in its body.
 */
export function namedIn({ path, query, body }: Request): string[] {
  const [, type, id, key] = /\/sobjects\/(\w+)\/([^/]+)(?:\/([^/]+))?/.exec(path) ?? [];
  const found = type && id ? [key === undefined ? `${type}/${id}` : `${type}/${id}/${decodeURIComponent(key)}`] : [];
  const soql = query.get('q') ?? '';
  const [, object = ''] = /\bFROM\s+(\w+)/i.exec(soql) ?? [];
  for (const [, field, value] of soql.matchAll(/(\w+)\s*=\s*'((?:[^'\\]|\\.)*)'/g))
    found.push(/^id$/i.test(field!) ? `${object}/${value}` : `${object}/${field}/${value!.replace(/\\(.)/g, '$1')}`);
  const text = body.length > 0 ? body.toString() : '';
  for (const [, value] of text.matchAll(/"(?:\w+__c|Id|id)"\s*:\s*"([^"]+)"/g)) found.push(value!);
  return found;
}
