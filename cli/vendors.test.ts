import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { Workshop } from './testing/processes.ts';

const REFERENCE = fileURLToPath(new URL('../conformance/reference', import.meta.url));
const MAP = fileURLToPath(new URL('../fixtures/maps/default', import.meta.url));
const CHECKS = 'ID-01,DM-01,DM-02,AP-01,AP-02,AP-03';
const workshop = new Workshop();
afterAll(() => workshop.tidy());

// A plain R4 server has no manifest of its own: Epic's, with another vendor.
function plain(): string {
  const file = join(workshop.folder(), 'r4.yaml');
  const epic = readFileSync(join(REFERENCE, 'syncproof.yaml'), 'utf8');
  const r4 = epic.replace('name: epic', 'name: north').replace('vendor: epic', 'vendor: r4');
  writeFileSync(file, r4.replace('main.ts', join(REFERENCE, 'main.ts')).replace(/^map: .*/m, `map: ${MAP}`));
  return file;
}

// Two at a time: more would only wait for each other on a small machine.
describe.each([
  ['epic and cerner', [join(REFERENCE, 'syncproof.yaml'), join(REFERENCE, 'cerner.yaml')]],
  ['athena and plain R4', [join(REFERENCE, 'athena.yaml'), plain()]],
  ['athena by feeds and notifications', [join(REFERENCE, 'athena-feeds.yaml')]],
])('the reference sync at %s', (_, manifests) => {
  it('keeps patients and appointments in step', async () => {
    const cwd = workshop.folder();
    const ended = await Promise.all(
      manifests.map((manifest, n) =>
        workshop.run(['check', '--subject', manifest, '--only', CHECKS, '--out', `runs-${n}`], { cwd }),
      ),
    );
    for (const { code, out, err } of ended) expect(code, out + err).toBe(0);
  });
});
