import type { Site } from './context.ts';
import type { StoredText } from './store.ts';

/**
 * A stored resource as this vendor sends it. Stored texts lack version and time of update; vendors that show them get
 * them spliced in, so that no page of results is parsed and written anew.
 */
export function wireText(site: Site, type: string, row: StoredText): string {
  const text = site.vendor.versions === 'hidden' ? row.json : withMeta(type, row);
  return type === 'Group' && row.id === site.groupId() ? withMembers(site, text) : text;
}

function withMeta(type: string, { id, version, updated, json }: StoredText): string {
  const head = `{"resourceType":"${type}","id":"${id}"`;
  const rest = json.slice(head.length);
  const meta = `,"meta":{"versionId":"${version}","lastUpdated":"${updated}"`;
  const own = ',"meta":{';
  return head + (rest.startsWith(own) ? `${meta},${rest.slice(own.length)}` : `${meta}}${rest}`);
}

/**
 * The site's group of all patients is kept as a resource without members, and filled when it is shown: it is always
 * right, and registering a patient does not rewrite a list of thousands.
 */
export function withMembers(site: Pick<Site, 'store'>, text: string): string {
  const members = site.store.memberText('Patient');
  return members === '' ? text : `${text.slice(0, -1)},"member":[${members}]}`;
}

/** `ETag` and `Last-Modified`, where the vendor has versions. */
export function versionHeaders(site: Site, version: number, updated: string): Record<string, string> {
  if (site.vendor.versions === 'hidden') return {};
  return { etag: `W/"${version}"`, 'last-modified': new Date(updated).toUTCString() };
}
