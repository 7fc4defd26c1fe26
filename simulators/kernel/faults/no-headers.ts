import type { Reply } from '../http.ts';

/** For `notIn`: places whose answers have no headers. */
export const NO_HEADERS = { hl7: 'an acknowledgement has no content type' } as const;

/** A header of a reply with its name as it is spelled there; in small letters where there is none. */
export function headerOf({ headers = {} }: Reply, wanted: string): { name: string; value: string } {
  const name = Object.keys(headers).find((each) => each.toLowerCase() === wanted) ?? wanted;
  return { name, value: headers[name] ?? '' };
}
