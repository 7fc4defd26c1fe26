import type { Vendor } from '../vendors/vendor.ts';
import type { Site } from './context.ts';
import { localInstant } from './local-time.ts';
import { type StoredText, withMeta } from './store.ts';

/**
 * A stored resource as this vendor sends it. Stored texts lack version and time of update; vendors that show them get
 * them spliced in, so that no page of results is parsed and written anew.
 */
export function wireText(site: Site, type: string, row: StoredText): string {
  const text = site.vendor.versions === 'hidden' ? row.json : withMeta(type, row, metaOf(site, row));
  return site.drift.shownText(type, type === 'Group' && row.id === site.groupId() ? withMembers(site, text) : text);
}

function metaOf({ vendor, store }: Site, { version, updated }: StoredText): string {
  if (vendor.versions === 'updated') return `"lastUpdated":"${localInstant(Date.parse(updated), store.zone)}"`;
  return `"versionId":"${shownVersion(vendor, version)}","lastUpdated":"${updated}"`;
}

/**
 * The site's group of all patients is kept as a resource without members, and filled when it is shown: it is always
 * right, and registering a patient does not rewrite a list of thousands.
 */
export function withMembers(site: Pick<Site, 'store'>, text: string): string {
  const members = site.store.memberText('Patient');
  return members === '' ? text : `${text.slice(0, -1)},"member":[${members}]}`;
}

/** The number that a client sees of a stored version, which counts from 1. */
export const shownVersion = ({ firstVersion = 1 }: Pick<Vendor, 'firstVersion'>, version: number): number =>
  version - 1 + firstVersion;

/** `ETag` and `Last-Modified`, where the vendor has versions. */
export function versionHeaders(site: Site, version: number, updated: string): Record<string, string> {
  if (site.vendor.versions === 'hidden') return {};
  if (site.vendor.versions === 'updated') return { 'last-modified': new Date(updated).toUTCString() };
  return { etag: `W/"${shownVersion(site.vendor, version)}"`, 'last-modified': new Date(updated).toUTCString() };
}
