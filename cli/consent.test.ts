import { expect, test } from 'vitest';
import { CHECKS, type loadMap, type Manifest, notApplicable } from '#conformance';
import { VENDORS } from '#ehr';
import { REFERENCE_MANIFEST, readSubject } from './bring-up.ts';

test.each(VENDORS.map(({ id }) => id))('the checks of consent apply to %s exactly if its API shows consents', (vendor) => {
  const { manifest, map } = readSubject(REFERENCE_MANIFEST) as { manifest: Manifest; map: ReturnType<typeof loadMap>['map'] };
  const site = { ...manifest.sites[0]!, vendor: vendor as Manifest['sites'][number]['vendor'] };
  const reasons = CHECKS.filter(({ maps }) => maps?.some(({ source }) => source === 'Consent')).map((check) =>
    notApplicable(check, site, manifest, map),
  );
  const shows = Boolean(VENDORS.find(({ id }) => id === vendor)!.capability.Consent);
  expect(reasons.length).toBeGreaterThan(3);
  expect(new Set(reasons)).toEqual(new Set([shows ? undefined : `epic: ${vendor} shows no Consent by its API`]));
});
