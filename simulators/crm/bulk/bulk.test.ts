import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCrm, type TestCrm } from '../testing.ts';

let crm: TestCrm;
beforeAll(async () => {
  crm = await openCrm();
});
afterAll(() => crm.close());

const put = (id: string, text: string) => crm.call('PUT', `jobs/ingest/${id}/batches`, text, { 'content-type': 'text/csv' });
const ended = async (id: string, kind = 'ingest') => {
  for (;;) {
    const { body } = await crm.call('GET', `jobs/${kind}/${id}`);
    if (['JobComplete', 'Failed', 'Aborted'].includes(body.state)) return body;
    await new Promise((resolve) => setImmediate(resolve));
  }
};
const ingest = async (job: object, text: string) => {
  const { body } = await crm.call('POST', 'jobs/ingest', { contentType: 'CSV', ...job });
  expect((await put(body.id, text)).status).toBe(201);
  expect((await crm.call('PATCH', `jobs/ingest/${body.id}/`, { id: body.id, state: 'UploadComplete' })).body.state).toBe(
    'UploadComplete',
  );
  const done = await ended(body.id);
  const file = async (name: string) => (await crm.call('GET', `jobs/ingest/${body.id}/${name}/`)).body as string;
  const [ok, failed, rest] = [await file('successfulResults'), await file('failedResults'), await file('unprocessedrecords')];
  return { job: done, ok, failed, rest };
};

describe('ingest', () => {
  test('a job as it is created', async () => {
    const { status, body } = await crm.call('POST', 'jobs/ingest/', { object: 'contact', operation: 'insert' });
    expect([status, body]).toEqual([
      200,
      {
        id: expect.stringMatching(/^750.{15}$/),
        operation: 'insert',
        object: 'Contact',
        createdById: '005000000000001AAA',
        createdDate: expect.stringMatching(/\+0000$/),
        systemModstamp: expect.any(String),
        state: 'Open',
        concurrencyMode: 'Parallel',
        contentType: 'CSV',
        apiVersion: 60,
        contentUrl: `services/data/v60.0/jobs/ingest/${body.id}/batches`,
        lineEnding: 'LF',
        columnDelimiter: 'COMMA',
      },
    ]);
    expect((await crm.call('PATCH', `jobs/ingest/${body.id}`, { state: 'Aborted' })).body.state).toBe('Aborted');
    expect((await crm.call('DELETE', `jobs/ingest/${body.id}`)).status).toBe(204);
    expect((await crm.call('GET', `jobs/ingest/${body.id}`)).status).toBe(404);
  });

  test('upsert: created, changed and refused rows in their files', async () => {
    const job = { object: 'Contact', operation: 'upsert', externalIdFieldName: 'ehr_key__c' };
    await ingest(job, 'EHR_Key__c,LastName\nb1,One\n');
    const {
      job: done,
      ok,
      failed,
      rest,
    } = await ingest(job, 'ehr_key__C,LASTNAME,FirstName\nb1,,Ann\nb2,"Two, ""x""",\nb3,,Nameless\n,No key,\n');
    expect(done).toMatchObject({ state: 'JobComplete', numberRecordsProcessed: 4, numberRecordsFailed: 2, jobType: 'V2Ingest' });
    expect(ok.split('\n')).toEqual([
      '"sf__Id","sf__Created","ehr_key__C","LASTNAME","FirstName"',
      expect.stringMatching(/^"003.{15}","false","b1","","Ann"$/),
      expect.stringMatching(/^"003.{15}","true","b2","Two, ""x""",""$/),
      '',
    ]);
    expect(failed.split('\n').slice(1)).toEqual([
      '"","REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --","b3","","Nameless"',
      '"","MISSING_ARGUMENT:EHR_Key__c not specified:--","","No key",""',
      '',
    ]);
    expect(rest).toBe('"ehr_key__C","LASTNAME","FirstName"\n');
    expect(crm.crm.rows('Contact', "EHR_Key__c = 'b1'")[0]).toMatchObject({ LastName: 'One', FirstName: 'Ann' });
    expect(crm.commits().at(-1)).toMatchObject({ act: 'upsert', data: { job: done.id, origin: 'com/salesforce/api/bulk/60.0' } });
  });

  test('relationship columns, #N/A, CRLF and another delimiter', async () => {
    const settings = { lineEnding: 'CRLF', columnDelimiter: 'SEMICOLON' };
    const text = 'Contact__r.EHR_Key__c;Status__c\r\nb1;Booked\r\nnobody;Booked\r\n';
    const { ok, failed } = await ingest({ object: 'Appointment__c', operation: 'insert', ...settings }, text);
    expect(ok.split('\r\n')[1]).toMatch(/^"a00.{15}";"true";"b1";"Booked"$/);
    expect(failed).toContain('INVALID_FIELD:Foreign key external ID: nobody not found for field EHR_Key__c in entity Contact:--');
    await ingest(
      { object: 'Contact', operation: 'upsert', externalIdFieldName: 'EHR_Key__c' },
      'EHR_Key__c,FirstName\nb1,#N/A\n',
    );
    expect(crm.crm.rows('Contact', "EHR_Key__c = 'b1'")[0]).not.toHaveProperty('FirstName');
  });

  test.each([
    ['no rows at all', 'LastName\n', 'JobComplete', undefined],
    ['nothing', '', 'JobComplete', undefined],
    ['an unknown column', 'Nope__c\nx\n', 'Failed', 'InvalidBatch : Field name not found : Nope__c'],
    [
      'the wrong line end',
      'LastName\r\nx\r\n',
      'Failed',
      'ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF',
    ],
    ['a ragged row', 'LastName,FirstName\nx\n', 'Failed', 'InvalidBatch : Failed to parse CSV: row 1 has 1 columns, not 2'],
    ['an open quote', 'LastName\n"x', 'Failed', 'InvalidBatch : Failed to parse CSV: a quoted cell is never closed'],
  ])('%s', async (_, text, state, errorMessage) => {
    const { job } = await ingest({ object: 'Contact', operation: 'insert' }, text);
    expect([job.state, job.errorMessage]).toEqual([state, errorMessage]);
  });

  test.each([
    [{ object: 'Nope', operation: 'insert' }, 'INVALIDENTITY', "Entity 'Nope' is not supported by the Bulk API."],
    [{ object: 'Contact', operation: 'x' }, 'INVALIDJOB', 'Unsupported operation: x'],
    [{ object: 'Contact', operation: 'upsert', externalIdFieldName: 'LastName' }, 'INVALIDJOB', 'Field name provided, LastName'],
  ])('%j is refused', async (job, errorCode, message) => {
    const { status, body } = await crm.call('POST', 'jobs/ingest', job);
    expect([status, body[0]]).toEqual([400, { errorCode, message: expect.stringContaining(message) }]);
  });

  test('update and delete, and the upload comes once', async () => {
    const [row] = crm.crm.rows('Contact', "EHR_Key__c = 'b2'");
    const { ok } = await ingest({ object: 'Contact', operation: 'update' }, `Id,FirstName\n${row!.Id},Bea\n`);
    expect(ok).toContain('"false"');
    const { job } = await ingest({ object: 'Contact', operation: 'delete' }, `Id\n${row!.Id}\n`);
    expect(job.numberRecordsFailed).toBe(0);
    expect(crm.crm.rows('Contact', "EHR_Key__c = 'b2'")).toEqual([]);
    expect((await put(job.id, 'Id\n')).body[0].errorCode).toBe('INVALIDJOBSTATE');
  });
});

describe('query', () => {
  const query = async (soql: string, more = {}) => {
    const { status, body } = await crm.call('POST', 'jobs/query', { operation: 'query', query: soql, ...more });
    return status === 200 ? ended(body.id, 'query') : body[0];
  };

  test('tens of thousands of rows in and out, one page unless asked, and nobody waits', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => `bulk ${i},"Line ${i}"\n`).join('');
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const { job } = await ingest({ object: 'Task', operation: 'insert' }, `Subject,Description\n${rows}`);
    expect(job).toMatchObject({ numberRecordsProcessed: 20_000, numberRecordsFailed: 0 });
    const { id, numberRecordsProcessed } = await query("SELECT Id, Subject, CreatedDate FROM Task WHERE Subject LIKE 'bulk %'");
    delay.disable();
    expect(numberRecordsProcessed).toBe(20_000);
    // A loaded machine adds its own pauses: the typical turn is what is ours.
    expect(delay.percentile(50) / 1e6).toBeLessThan(10);
    const whole = await crm.call('GET', `jobs/query/${id}/results`);
    expect([whole.headers.get('sforce-locator'), whole.headers.get('sforce-numberofrecords')]).toEqual(['null', '20000']);
    const lines = (whole.body as string).split('\n');
    expect([lines.length, lines[0]]).toEqual([20_002, '"Id","Subject","CreatedDate"']);
    expect(lines[1]).toMatch(/^"00T.{15}","bulk 0","2026-.*\.\d{3}Z"$/);
    const seen: string[] = [];
    for (let locator = ''; locator !== 'null'; ) {
      const page = await crm.call('GET', `jobs/query/${id}/results?maxRecords=7777${locator && `&locator=${locator}`}`);
      seen.push(...(page.body as string).split('\n').slice(1, -1));
      locator = page.headers.get('sforce-locator')!;
    }
    expect(new Set(seen).size).toBe(20_000);
  }, 60_000);

  test.each([
    ['SELECT COUNT() FROM Contact', 'API_ERROR', 'aggregate functions'],
    ['SELECT Id, (SELECT Id FROM Tasks) FROM Contact', 'API_ERROR', 'subqueries'],
    ['SELECT Id FROM Contact OFFSET 5', 'API_ERROR', 'OFFSET'],
    ['SELECT Nope FROM Contact', 'INVALID_FIELD', "No such column 'Nope'"],
  ])('%s is refused', async (soql, errorCode, message) => {
    expect(await query(soql)).toEqual({ errorCode, message: expect.stringContaining(message) });
  });

  test('parents are columns of their own', async () => {
    const { id } = await query('SELECT Id, Contact__r.LastName, Contact__r.Owner.Name FROM Appointment__c', {
      columnDelimiter: 'PIPE',
      lineEnding: 'CRLF',
    });
    const { body } = await crm.call('GET', `jobs/query/${id}/results`);
    expect(body.split('\r\n')[0]).toBe('"Id"|"Contact__r.LastName"|"Contact__r.Owner.Name"');
    expect(body.split('\r\n')[1]).toMatch(/"One"\|"Integration User"$/);
  });
});

test('a job that was cut off goes on where it stopped: each row once', async () => {
  const data = mkdtempSync(join(tmpdir(), 'bulk-'));
  const first = await openCrm({ kernel: { data } });
  const { id } = (await first.call('POST', 'jobs/ingest', { object: 'Task', operation: 'insert' })).body;
  const rows = Array.from({ length: 3000 }, (_, i) => `cut ${i}\n`).join('');
  await first.call('PUT', `jobs/ingest/${id}/batches`, `Subject\n${rows}`, { 'content-type': 'text/csv' });
  await first.call('PATCH', `jobs/ingest/${id}`, { state: 'UploadComplete' });
  const { state, numberRecordsProcessed } = (await first.call('GET', `jobs/ingest/${id}`)).body;
  expect([state, numberRecordsProcessed < 3000]).toEqual(['InProgress', true]);
  await first.close();
  const second = await openCrm({ kernel: { data } });
  for (;;) {
    const { body } = await second.call('GET', `jobs/ingest/${id}`);
    if (body.state === 'JobComplete') break;
  }
  const subjects = second.crm.rows('Task').map((row) => row.Subject);
  expect([subjects.length, new Set(subjects).size]).toEqual([3000, 3000]);
  const { body } = await second.call('GET', `jobs/ingest/${id}/successfulResults`);
  expect(body.split('\n').length).toBe(3002);
  await second.close();
  rmSync(data, { recursive: true });
});
