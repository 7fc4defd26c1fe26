import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Json, register, startSite, type TestSite } from '../../test-site.ts';
import { CERNER_BULK } from '../../vendors/bulk.ts';
import { VENDORS } from '../../vendors/index.ts';
import { r4 } from '../../vendors/r4.ts';
import { defineVendor, type Vendor } from '../../vendors/vendor.ts';

const vendors = VENDORS as Vendor[];
let test: TestSite;
beforeAll(async () => {
  vendors.push(defineVendor(r4, { id: 'elsewhere', bulk: CERNER_BULK }));
  test = await startSite({ vendor: 'elsewhere' });
  await register(test, 'Ada', 'R1');
});
// Other files share the list with this one.
afterAll(async () => {
  await test.close();
  vendors.pop();
});

it('files lie in a store elsewhere: 307 to a signed address, which wants no token beside the signature', async () => {
  const kicked = await test.call('/Patient/$export?_type=Patient', { headers: { prefer: 'respond-async' } });
  const job = kicked.headers.get('content-location')!;
  let status = await test.call(job);
  while (status.status === 202) {
    expect(status.headers.get('x-progress')).toBe('in-progress');
    await status.text();
    status = await test.call(job);
  }
  const { output } = (await status.json()) as Json;
  const sent = await test.call(output[0].url, { redirect: 'manual' });
  const location = sent.headers.get('location')!;
  expect([sent.status, location.includes('X-Amz-Signature=')]).toEqual([307, true]);
  expect((await fetch(location)).headers.get('content-type')).toBe('application/fhir+ndjson');
  expect((await (await fetch(location)).text()).trimEnd().split('\n').length).toBe(1);
  expect((await test.call(location)).status).toBe(400);
  expect((await fetch(location.replace(/Signature=./, 'Signature=x'))).status).toBe(403);
  expect((await fetch(output[0].url, { redirect: 'manual' })).status).toBe(401);
});
