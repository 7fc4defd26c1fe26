import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ControlApi, Kernel, ManualClock } from '#kernel';
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

test('a field that was changed under another name is changed after a restart, under its own', async () => {
  const data = mkdtempSync(join(tmpdir(), 'crm-'));
  const first = await openCrm({ kernel: { data } });
  const params = { object: 'Contact', field: 'MobilePhone', to: 'Mobile__c' };
  const { id } = first.kernel.rules.arm({ fault: 'field-renamed', params });
  await first.kernel.rules.effective();
  const change = { object: 'contact', field: 'mobile__c', nillable: false };
  const control = new ControlApi(first.kernel, [first.crm]);
  await control.start({ host: '127.0.0.1', port: 0 });
  const set = await fetch(`${control.face.url()}/v1/crm/fields`, { method: 'POST', body: JSON.stringify(change) });
  expect([set.status, await set.json()]).toEqual([200, { before: { nillable: true } }]);
  first.kernel.rules.heal(id);
  await control.face.close();
  await first.close();

  const second = await openCrm({ kernel: { data } });
  const fields = { LastName: 'late' };
  await expect(second.crm.commit({ changes: [{ op: 'create', type: 'Contact', fields }] })).rejects.toThrow('MobilePhone');
  await second.close();
  rmSync(data, { recursive: true });
});

/** What a client was told: nothing of it may tell that the process was another one in between. */
type Transcript = [step: string, status: number, body: unknown][];

/** One client, whose org is another process for each request if asked; under a clock that stands. */
async function talk(restarts: boolean): Promise<Transcript> {
  const data = mkdtempSync(join(tmpdir(), 'crm-'));
  const clock = new ManualClock();
  const first = await openCrm({ kernel: { data, clock } });
  let [kernel, crm] = [first.kernel, first.crm];
  const transcript: Transcript = [];
  const ask = async (step: string, method: string, path: string, body?: unknown, more: Record<string, string> = {}) => {
    if (restarts) {
      await crm.stop();
      kernel.close();
      kernel = new Kernel({ clock, data });
      crm = createCrm(kernel);
      await crm.start({ host: '127.0.0.1', ports: { http: 0 } });
    }
    await clock.advance(1_000);
    const csv = typeof body === 'string';
    const reply = await fetch(`${crm.face.url()}${path.startsWith('/') ? path : `/services/data/v60.0/${path}`}`, {
      method,
      headers: { authorization: `Bearer ${first.token}`, 'content-type': csv ? 'text/csv' : 'application/json', ...more },
      ...(body !== undefined && { body: csv ? body : JSON.stringify(body) }),
    });
    const text = (await reply.text()).replace(/http:\/\/127\.0\.0\.1:\d+/g, '<origin>');
    const told = /^[[{]/.test(text) ? JSON.parse(text) : text;
    transcript.push([step, reply.status, told]);
    return told;
  };
  const made = await ask('create', 'POST', 'sobjects/Contact', { LastName: 'Ng' });
  await ask('update', 'PATCH', `sobjects/Contact/${made.id}`, { FirstName: 'Ada' });
  await ask('upsert, new', 'PATCH', 'sobjects/Contact/MRN__c/M-1', { LastName: 'Key' });
  await ask('upsert, known', 'PATCH', 'sobjects/Contact/MRN__c/M-1', { LastName: 'Key again' });
  await ask('read', 'GET', `sobjects/Contact/${made.id}`);
  const records = Array.from({ length: 200 }, (_, i) => ({ attributes: { type: 'Contact' }, LastName: `P${i}` }));
  for (const n of [1, 2]) await ask(`many ${n}`, 'POST', 'composite/sobjects', { records });
  let page = await ask('query', 'GET', 'query?q=SELECT+LastName+FROM+Contact+ORDER+BY+Id', undefined, {
    'sforce-query-options': 'batchSize=200',
  });
  while (page.nextRecordsUrl) page = await ask('more', 'GET', page.nextRecordsUrl);
  const job = await ask('job', 'POST', 'jobs/ingest', { object: 'Contact', operation: 'insert', lineEnding: 'LF' });
  await ask('upload', 'PUT', `jobs/ingest/${job.id}/batches`, 'LastName\nBulk 1\nBulk 2\n');
  await ask('close', 'PATCH', `jobs/ingest/${job.id}`, { state: 'UploadComplete' });
  await expect.poll(() => kernel.cell<{ state: string }>('crm.bulk').get(job.id)?.state).toBe('JobComplete');
  await ask('job state', 'GET', `jobs/ingest/${job.id}`);
  await ask('results', 'GET', `jobs/ingest/${job.id}/successfulResults`);
  await ask('deleted', 'DELETE', `sobjects/Contact/${made.id}`);
  await ask('gone', 'GET', `sobjects/Contact/${made.id}`);
  await ask('limits', 'GET', 'limits');
  await ask('revoked', 'POST', '/services/oauth2/revoke', `token=${encodeURIComponent(first.token)}`, {
    'content-type': 'application/x-www-form-urlencoded',
  });
  await ask('no session', 'GET', 'limits');
  await crm.stop();
  kernel.close();
  rmSync(data, { recursive: true });
  return transcript;
}

test('a client is told the same whether the process lives on or is another one for each request', async () => {
  const plain = await talk(false);
  expect(plain.filter(([, status]) => status >= 400).map(([step]) => step)).toEqual(['gone', 'no session']);
  expect(await talk(true)).toEqual(plain);
});
