import type { Request } from '#kernel';
import type { BundlePage } from '../vendors/vendor.ts';
import type { Site } from './context.ts';

/** A searchset as text: the resources go in as they lie in the store. */
export function bundleText(site: Site, page: BundlePage): string {
  const { vendor, kernel } = site;
  const head = {
    resourceType: 'Bundle',
    ...vendor.hooks.shapeBundle?.(page, {
      hex: () => kernel.mint('bundle'),
      now: () => new Date(kernel.clock.now()).toISOString(),
      zone: site.store.zone,
    }),
    type: 'searchset',
    total: page.total,
    link: page.links,
  };
  const text = JSON.stringify(head);
  if (page.entries.length === 0) return text;
  const entries = page.entries.map(({ fullUrl, text: resource, mode }) => {
    const link =
      vendor.search.entryLinks && mode === 'match' ? `"link":[{"relation":"self","url":${JSON.stringify(fullUrl)}}],` : '';
    return `{${link}"fullUrl":${JSON.stringify(fullUrl)},"resource":${resource},"search":{"mode":"${mode}"}}`;
  });
  return `${text.slice(0, -1)},"entry":[${entries.join(',')}]}`;
}

/** `scheme://host/<base path>` as this client reaches it. */
export const baseUrl = (site: Site, request: Request): string => `${request.origin}${site.paths.fhir}`;
