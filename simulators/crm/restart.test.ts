import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Kernel, ManualClock } from '#kernel';
import { createCrm } from './index.ts';
import { openCrm } from './testing.ts';

test('after a restart the session, the pages of a query and the order of stamps go on', async () => {
  const data = mkdtempSync(join(tmpdir(), 'crm-'));
  const first = await openCrm({ kernel: { data } });
  const people = Array.from({ length: 250 }, (_, i) => ({
    op: 'create' as const,
    type: 'Contact',
    fields: { LastName: `P${i}` },
  }));
  await first.crm.commit({ changes: people });
  const options = { 'sforce-query-options': 'batchSize=200' };
  const { nextRecordsUrl } = (await first.query('SELECT LastName FROM Contact', options)).body;
  const before = first.crm.rows('Contact');
  await first.close();

  // The clock stands where it stood: what is written now must be newer all the same.
  const kernel = new Kernel({ clock: new ManualClock(), data });
  const crm = createCrm(kernel);
  await crm.start({ host: '127.0.0.1', ports: { http: 0 } });
  const reply = await fetch(crm.face.url() + nextRecordsUrl, { headers: { authorization: `Bearer ${first.token}` } });
  expect(await reply.json()).toMatchObject({ totalSize: 250, done: true, records: { length: 50 } });
  expect(crm.rows('Contact')).toEqual(before);
  const { rows } = await crm.commit({ changes: [{ op: 'create', type: 'Contact', fields: { LastName: 'late' } }] });
  expect(String(rows[0]!.SystemModstamp) > String(before.at(-1)!.SystemModstamp)).toBe(true);
  await crm.stop();
  kernel.close();
  rmSync(data, { recursive: true });
});
