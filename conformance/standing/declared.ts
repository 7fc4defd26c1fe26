import type { Manifest } from '../manifest/manifest.ts';
import { readChannels } from '../manifest/read-channels.ts';
import type { Judged } from './standing.ts';

/** What of a manifest a standing goes by: who is read how, and what is declined. */
export const declaredIn = ({
  sites,
  capabilities,
}: Pick<Manifest, 'sites'> & Partial<Pick<Manifest, 'capabilities'>>): Pick<Judged, 'sites' | 'declined'> => ({
  sites: sites.map((site) => ({ name: site.name, vendor: site.vendor, reads: readChannels(site) })),
  declined: Object.fromEntries(Object.entries(capabilities ?? {}).flatMap(([name, is]) => (is === true ? [] : [[name, is.no]]))),
});
