import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { initProject, loadManifest, STACKS } from '#conformance';
import { KEPT_CA, partsFor } from './bring-up.ts';

test.each(STACKS)('for %s: a subject that runs already meets one CA for good, one that is started a fresh one', (stack) => {
  const folder = mkdtempSync(join(tmpdir(), 'syncproof-test-'));
  initProject(folder, { stack });
  const { manifest } = loadManifest(join(folder, 'syncproof.yaml'));
  expect(partsFor(manifest!).ca).toBe(['http', 'mirth'].includes(stack) ? KEPT_CA : undefined);
});
