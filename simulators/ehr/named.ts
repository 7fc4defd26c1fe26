import type { Request } from '#kernel';

/** Search parameters whose value is a reference, an id or an identifier of the record that is asked for or of its patient. */
const POINTING = /^(_id|patient|subject|actor|identifier|member|patientid|appointmentid)(:|\.|$)/;

/**
 * The records that a call to an EHR names: by its path (`Patient/e1`), by search parameters that point at one, and by
 * references in its body. Numbers and identifiers are given as they stand.
 */
export function namedIn({ path, query, body }: Request): string[] {
  const [, type, id] = /\/([A-Z][a-z]\w+(?=\/[^_$])|(?:patients|appointments)(?=\/\d))\/([^/]+)/.exec(path) ?? [];
  const found = type && id ? [`${type}/${decodeURIComponent(id)}`] : [];
  for (const [name, value] of query) if (POINTING.test(name)) found.push(...value.split(','));
  const text = body.length > 0 ? body.toString() : '';
  for (const [, reference] of text.matchAll(/"reference"\s*:\s*"([A-Z]\w+\/[^"]+)"/g)) found.push(reference!);
  return found;
}
