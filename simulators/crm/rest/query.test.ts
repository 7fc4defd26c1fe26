import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCrm, type TestCrm } from '../testing.ts';

let crm: TestCrm;
beforeAll(async () => {
  crm = await openCrm();
  const people = ['Ann', 'bob', 'Cid', 'Dan'].map((name, i) => ({
    op: 'create' as const,
    type: 'Contact',
    fields: {
      LastName: name,
      EHR_Key__c: `k${i}`,
      Birthdate: i === 3 ? null : `200${i}-01-01`,
      Sex__c: i % 2 ? 'Male' : 'Female',
    },
  }));
  await crm.crm.commit({ changes: people });
  await crm.crm.commit({
    changes: [0, 0, 1].map((i, n) => ({
      op: 'create',
      type: 'Appointment__c',
      fields: {
        Contact__r: { EHR_Key__c: `k${i}` },
        Start__c: `2026-03-0${n + 1}T09:00:00Z`,
        Status__c: n ? 'Booked' : 'Cancelled',
      },
    })),
  });
});
afterAll(() => crm.close());

const names = async (soql: string): Promise<unknown> => {
  const { status, body } = await crm.query(soql);
  return status === 200 ? body.records.map((r: Record<string, unknown>) => r.LastName ?? r.Start__c) : body[0].message;
};

describe('SOQL', () => {
  test.each([
    ["SELECT LastName FROM Contact WHERE EHR_Key__c = 'K1'", ['bob']],
    ["SELECT LastName FROM Contact WHERE EHR_Key__c IN ('k0','k2') AND LastName LIKE 'a%'", ['Ann']],
    ["SELECT LastName FROM Contact WHERE EHR_Key__c = 'k0' OR LastName = 'Cid'", ['Ann', 'Cid']],
    ["SELECT LastName FROM Contact WHERE NOT EHR_Key__c = 'k0'", ['bob', 'Cid', 'Dan']],
    ['SELECT LastName FROM Contact ORDER BY LastName DESC', ['Dan', 'Cid', 'bob', 'Ann']],
    ['SELECT LastName FROM Contact ORDER BY Birthdate', ['Dan', 'Ann', 'bob', 'Cid']],
    ['SELECT LastName FROM Contact ORDER BY Birthdate DESC NULLS LAST LIMIT 2 OFFSET 1', ['bob', 'Ann']],
    ['SELECT LastName FROM Contact ORDER BY SystemModstamp DESC LIMIT 1', ['Dan']],
    ['SELECT LastName FROM Contact WHERE SystemModstamp > 2026-03-02T12:00:00.004Z', ['Cid', 'Dan']],
    ['SELECT LastName FROM Contact WHERE SystemModstamp = TODAY AND CreatedDate = THIS_YEAR', ['Ann', 'bob', 'Cid', 'Dan']],
    ['SELECT LastName FROM Contact WHERE SystemModstamp < 2026-01-01T00:00:00Z', []],
    [
      "SELECT LastName FROM Contact WHERE Id IN (SELECT Contact__c FROM Appointment__c WHERE Status__c = 'Booked')",
      ['Ann', 'bob'],
    ],
    [
      "SELECT Start__c FROM Appointment__c WHERE Contact__r.EHR_Key__c = 'k0'",
      ['2026-03-01T09:00:00.000+0000', '2026-03-02T09:00:00.000+0000'],
    ],
    [
      "SELECT Start__c FROM Appointment__c WHERE Contact__r.LastName = 'bob' AND Start__c = N_DAYS_AGO:-1",
      "unexpected token: '-1'",
    ],
    ["SELECT c.LastName FROM Contact c WHERE c.CreatedBy.Username = 'clerk@syncproof.example' LIMIT 1", ['Ann']],
    ['SELECT LastName FROM Contact LIMIT 0', []],
  ])('%s', async (soql, expected) => {
    const found = await names(soql);
    if (typeof expected === 'string') expect(found).toContain(expected);
    else expect(found).toEqual(expected);
  });

  test('parents are nested, children are lists or null', async () => {
    const { body } = await crm.query(
      "SELECT Name, (SELECT Status__c FROM Appointments__r WHERE Status__c = 'Booked') FROM Contact WHERE EHR_Key__c IN ('k1','k2')",
    );
    expect(body.records).toMatchObject([
      {
        Name: 'bob',
        Appointments__r: { totalSize: 1, done: true, records: [{ attributes: { type: 'Appointment__c' }, Status__c: 'Booked' }] },
      },
      { Name: 'Cid', Appointments__r: null },
    ]);
    const up = await crm.query(
      "SELECT Name, Contact__r.Name, Contact__r.Owner.Username FROM Appointment__c WHERE Contact__r.EHR_Key__c = 'k1'",
    );
    expect(up.body.records[0].Contact__r).toEqual({
      attributes: { type: 'Contact', url: expect.stringMatching(/^\/services\/data\/v60\.0\/sobjects\/Contact\/003/) },
      Name: 'bob',
      Owner: { attributes: expect.anything(), Username: 'clerk@syncproof.example' },
    });
  });

  test('counts and groups', async () => {
    expect((await crm.query('SELECT COUNT() FROM Contact')).body).toEqual({ totalSize: 4, done: true, records: [] });
    expect((await crm.query("SELECT COUNT() FROM Contact WHERE Sex__c = 'Male'")).body.totalSize).toBe(2);
    const { body } = await crm.query('SELECT Status__c, COUNT(Id), MAX(Start__c) last FROM Appointment__c GROUP BY Status__c');
    expect(body.records).toEqual([
      { attributes: { type: 'AggregateResult' }, Status__c: 'Cancelled', expr0: 1, last: '2026-03-01T09:00:00.000+0000' },
      { attributes: { type: 'AggregateResult' }, Status__c: 'Booked', expr0: 2, last: '2026-03-03T09:00:00.000+0000' },
    ]);
  });

  test('FIELDS(ALL) shows every field', async () => {
    const { body } = await crm.query('SELECT FIELDS(ALL) FROM Contact LIMIT 1');
    expect(Object.keys(body.records[0])).toEqual(expect.arrayContaining(['Id', 'EHR_Key__c', 'SystemModstamp', 'CreatedById']));
  });

  test.each([
    [
      'SELECT Nope FROM Contact',
      'INVALID_FIELD',
      "\nSELECT Nope FROM Contact\n       ^\nERROR at Row:1:Column:8\nNo such column 'Nope' on entity 'Contact'. If you are attempting",
    ],
    ['SELECT Id FROM Nope', 'INVALID_TYPE', "ERROR at Row:1:Column:16\nsObject type 'Nope' is not supported."],
    ['SELECT Foo__r.Name FROM Contact', 'INVALID_FIELD', "Didn't understand relationship 'Foo__r' in field path."],
    ['SELECT Id, Id FROM Contact', 'INVALID_FIELD', 'duplicate field selected: Id'],
    [
      "SELECT Id FROM Contact WHERE Birthdate = '2001-01-01'",
      'INVALID_FIELD',
      "value of filter criterion for field 'Birthdate' must be of type date and should not be enclosed in quotes",
    ],
    ["SELECT Id FROM Contact WHERE Id = 'x'", 'INVALID_QUERY_FILTER_OPERATOR', 'invalid ID field: x'],
    [
      "SELECT Id FROM Contact WHERE Description = 'x'",
      'INVALID_FIELD',
      "field 'Description' can not be filtered in a query call",
    ],
    ['SELECT FIELDS(ALL) FROM Contact', 'MALFORMED_QUERY', 'must have a LIMIT of at most 200'],
    ['SELECT Id FROM Contact OFFSET 2001', 'NUMBER_OUTSIDE_VALID_RANGE', 'Maximum SOQL offset allowed is 2000'],
    ['SELECT LastName, COUNT(Id) FROM Contact', 'MALFORMED_QUERY', 'Field must be grouped or aggregated: LastName'],
    ['SELECT Id FROM Contact WHERE', 'MALFORMED_QUERY', "unexpected token: '<EOF>'"],
  ])('%s is refused', async (soql, errorCode, message) => {
    const { status, body } = await crm.query(soql);
    expect([status, body]).toMatchObject([400, [{ errorCode, message: expect.stringContaining(message) }]]);
  });
});

describe('pages', () => {
  test('a long answer comes in pages, each record once; served names what each showed', async () => {
    const many = await openCrm();
    const fields = (n: number) => ({ LastName: `P${n}`, MRN__c: `m${n}` });
    await many.crm.commit({
      changes: Array.from({ length: 450 }, (_, n) => ({ op: 'create', type: 'Contact', fields: fields(n) })),
    });
    const seen: string[] = [];
    const options = { 'sforce-query-options': 'batchSize=200' };
    let page = (await many.query('SELECT LastName FROM Contact', options)).body;
    for (;;) {
      seen.push(...page.records.map((r: { LastName: string }) => r.LastName));
      expect(page.totalSize).toBe(450);
      if (page.done) break;
      expect(page.nextRecordsUrl).toMatch(/^\/services\/data\/v60\.0\/query\/0r8\w{15}-\d+$/);
      page = (await many.call('GET', page.nextRecordsUrl, undefined, options)).body;
    }
    expect(new Set(seen).size).toBe(450);
    const served = many.kernel.journal.read({ kind: 'reply' }).map((event) => event.served?.length ?? 0);
    expect(served.slice(-3)).toEqual([200, 200, 50]);
    const lost = await many.call('GET', 'query/0r8000000000000AAA-200');
    expect([lost.status, lost.body[0].errorCode]).toEqual([400, 'INVALID_QUERY_LOCATOR']);
    await many.close();
  });
});

describe('changes', () => {
  test('polling by SystemModstamp neither misses nor repeats', async () => {
    let cursor = crm.crm.rows('Contact').at(-1)!.SystemModstamp;
    for (const name of ['One', 'Two']) {
      await crm.crm.commit({
        changes: [{ op: 'update', type: 'Contact', key: { field: 'EHR_Key__c', value: 'k0' }, fields: { FirstName: name } }],
      });
      const { body } = await crm.query(`SELECT FirstName, SystemModstamp FROM Contact WHERE SystemModstamp > ${cursor}`);
      expect(body.records.map((r: { FirstName: string }) => r.FirstName)).toEqual([name]);
      cursor = body.records[0].SystemModstamp.replace('+0000', 'Z');
    }
  });

  test('updated and deleted', async () => {
    const other = await openCrm();
    const { records } = await other.crm.commit({
      changes: ['a', 'b'].map((LastName) => ({ op: 'create', type: 'Contact', fields: { LastName } })),
    });
    await other.crm.commit({ changes: [{ op: 'delete', type: 'Contact', id: records[0]!.id }] });
    await other.clock.advance(120_000);
    const span = 'start=2026-03-02T11:59:00%2B00:00&end=2026-03-02T12:01:00Z';
    expect((await other.call('GET', `sobjects/Contact/updated/?${span}`)).body).toEqual({
      ids: [records[1]!.id],
      latestDateCovered: '2026-03-02T12:01:00.000+0000',
    });
    expect((await other.call('GET', `sobjects/Contact/deleted?${span}`)).body.deletedRecords).toEqual([
      { id: records[0]!.id, deletedDate: '2026-03-02T12:00:00.005+0000' },
    ]);
    const gone = await other.call('GET', 'queryAll?q=SELECT+IsDeleted+FROM+Contact+WHERE+IsDeleted=true');
    expect(gone.body.records).toMatchObject([{ IsDeleted: true }]);
    expect(
      (await other.call('GET', 'sobjects/Contact/updated?start=2026-03-02T12:00:00Z&end=2026-03-02T12:00:01Z')).body[0].errorCode,
    ).toBe('INVALID_REPLICATION_DATE');
    await other.close();
  });
});

test('queryAll finds deleted records by key, by id and by lookup, each once, among live ones', async () => {
  const other = await openCrm();
  const make = (fields: object) => ({ op: 'create' as const, type: 'Contact', fields: fields as Record<string, unknown> });
  const { records } = await other.crm.commit({
    changes: [make({ LastName: 'a', MRN__c: 'same' }), make({ LastName: 'b', MRN__c: 'same' }), make({ LastName: 'c' })],
  });
  const [a, b, c] = records.map(({ id }) => id);
  for (const id of [a, c]) await other.crm.commit({ changes: [{ op: 'delete', type: 'Contact', id }] });
  const all = async (where: string) =>
    (await other.call('GET', `queryAll?q=${encodeURIComponent(`SELECT LastName FROM Contact WHERE ${where}`)}`)).body.records.map(
      (one: { LastName: string }) => one.LastName,
    );
  expect(await all("MRN__c = 'same'")).toEqual(['a', 'b']);
  expect(await all(`Id IN ('${a}', '${b}')`)).toEqual(['a', 'b']);
  expect(await all("MRN__c = 'same' ORDER BY LastName DESC LIMIT 1")).toEqual(['b']);
  expect((await other.query("SELECT LastName FROM Contact WHERE MRN__c = 'same'")).body.records).toMatchObject([
    { LastName: 'b' },
  ]);
  await other.close();
});

describe('SOQL, further', () => {
  const rows = async (soql: string) => {
    const { status, body } = await crm.query(soql);
    if (status !== 200) return body[0];
    return body.records.map(({ attributes: _, ...row }: Record<string, unknown>) => row);
  };

  test.each([
    [
      'SELECT Sex__c, COUNT(Id) n FROM Contact GROUP BY Sex__c HAVING COUNT(Id) > 1 ORDER BY Sex__c DESC',
      [
        { Sex__c: 'Male', n: 2 },
        { Sex__c: 'Female', n: 2 },
      ],
    ],
    ["SELECT Sex__c FROM Contact GROUP BY Sex__c HAVING Sex__c LIKE 'F%'", [{ Sex__c: 'Female' }]],
    [
      'SELECT CALENDAR_YEAR(Birthdate) y, COUNT(Id) FROM Contact WHERE Birthdate != null GROUP BY CALENDAR_YEAR(Birthdate) ORDER BY CALENDAR_YEAR(Birthdate) DESC LIMIT 1',
      [{ y: 2002, expr0: 1 }],
    ],
    ['SELECT LastName FROM Contact WHERE CALENDAR_YEAR(Birthdate) = 2001', [{ LastName: 'bob' }]],
    ['SELECT LastName FROM Contact WHERE DAY_ONLY(CreatedDate) = TODAY AND DAY_IN_YEAR(Birthdate) > 1', []],
    ["SELECT LastName FROM Contact WHERE CreatedDate = THIS_FISCAL_YEAR AND LastName LIKE '%i_'", [{ LastName: 'Cid' }]],
    ["SELECT toLabel(Sex__c) FROM Contact WHERE LastName = 'bob'", [{ Sex__c: 'Male' }]],
    [
      'SELECT LastName FROM Contact WHERE Id NOT IN (SELECT Contact__c FROM Appointment__c)',
      [{ LastName: 'Cid' }, { LastName: 'Dan' }],
    ],
    [
      "SELECT a.LastName FROM Appointment__c v, v.Contact__r a WHERE v.Status__c = 'Cancelled'",
      [{ Contact__r: expect.objectContaining({ LastName: 'Ann' }) }],
    ],
    [
      'SELECT MIN(Birthdate), MAX(Birthdate), COUNT_DISTINCT(Sex__c) FROM Contact',
      [{ expr0: '2000-01-01', expr1: '2002-01-01', expr2: 2 }],
    ],
    ['SELECT LastName FROM Contact USING SCOPE mine', []],
    ['SELECT LastName FROM Contact WITH SECURITY_ENFORCED ORDER BY LastName LIMIT 1 FOR UPDATE', [{ LastName: 'Ann' }]],
    ["SELECT LastName FROM Contact WHERE LastName LIKE '%%%%%%%%%%%%%%%%%%%%x'", []],
  ])('%s', async (soql, expected) => {
    expect(await rows(soql)).toEqual(expected);
  });

  test.each([
    ["SELECT Id FROM Contact WHERE Sex__c INCLUDES ('Male')", 'includes or excludes operator only valid on multipicklist field'],
    ['SELECT Description, COUNT(Id) FROM Contact GROUP BY Description', "field 'Description' can not be grouped"],
    ['SELECT Id FROM Contact ORDER BY Description', "field 'Description' can not be sorted in a query call"],
    ['SELECT COUNT(Id) FROM Contact LIMIT 5', 'LIMIT is not allowed together with aggregate functions'],
    ['SELECT Id FROM Contact WHERE Id IN (SELECT LastName FROM Contact)', 'must be an id or reference field'],
    ['SELECT Id FROM Contact WHERE Id IN (SELECT Contact__c FROM Appointment__c LIMIT 1)', 'exactly one field'],
    [
      "SELECT Id FROM Contact WHERE LastName = 'x' OR Id IN (SELECT Contact__c FROM Appointment__c)",
      'Semi join sub-selects are only allowed at the top level',
    ],
    ['SELECT HOUR_IN_DAY(Birthdate) FROM Contact GROUP BY HOUR_IN_DAY(Birthdate)', 'does not support the function HOUR_IN_DAY'],
    ['SELECT SUM(LastName) FROM Contact', 'does not support aggregate operator SUM'],
    ['SELECT Id, (SELECT COUNT(Id) FROM Appointments__r) FROM Contact', 'not supported in subqueries'],
    ['SELECT Owner.Manager.Name FROM Contact', "Didn't understand relationship 'Manager'"],
  ])('%s is refused', async (soql, message) => {
    expect((await rows(soql)).message).toContain(message);
  });
});

describe('TYPEOF', () => {
  const typed = async (soql: string) => {
    const { status, body } = await crm.query(soql);
    return status === 200 ? body.records : [status, body[0].errorCode, body[0].message];
  };

  test('shows of each parent what its type has', async () => {
    const person = (type: string, fields: object) => ({ op: 'create' as const, type, fields: fields as Record<string, unknown> });
    const { records } = await crm.crm.commit({
      changes: [
        person('Contact', { LastName: 'Typed', MailingCity: 'Troy' }),
        person('Lead', { LastName: 'Lead', Company: 'Acme' }),
      ],
    });
    await crm.crm.commit({
      changes: [...records.map(({ id }) => id), undefined].map((WhoId, i) => person('Task', { Subject: `typed ${i}`, WhoId })),
    });
    const soql = (rest: string) =>
      `SELECT Subject, TYPEOF Who ${rest} END FROM Task WHERE Subject LIKE 'typed%' ORDER BY Subject`;
    const both = await typed(soql('WHEN Contact THEN LastName, MailingCity WHEN Lead THEN Company'));
    expect(both.map((row: { Who: object }) => row.Who)).toEqual([
      { attributes: expect.objectContaining({ type: 'Contact' }), LastName: 'Typed', MailingCity: 'Troy' },
      { attributes: expect.objectContaining({ type: 'Lead' }), Company: 'Acme' },
      null,
    ]);
    const other = await typed(soql('WHEN Contact THEN LastName ELSE Name'));
    expect(other.slice(0, 2).map((row: { Who: object }) => row.Who)).toMatchObject([{ LastName: 'Typed' }, { Name: 'Lead' }]);
    const [, bare] = await typed(soql('WHEN Contact THEN LastName'));
    expect(Object.keys(bare.Who)).toEqual(['attributes']);
  });

  test.each([
    ['SELECT TYPEOF Contact__r WHEN Contact THEN Id END FROM Appointment__c', 'INVALID_FIELD', 'polymorphic'],
    ['SELECT TYPEOF Who WHEN Account THEN Id END FROM Task', 'INVALID_TYPE', 'never points to a Account'],
    ['SELECT TYPEOF Who WHEN Contact THEN Nope END FROM Task', 'INVALID_FIELD', "No such column 'Nope'"],
    ['SELECT count(Id), TYPEOF Who WHEN Contact THEN Id END FROM Task', 'MALFORMED_QUERY', 'GROUP BY'],
    ['SELECT Id FROM Contact WHERE Id IN (SELECT TYPEOF Who WHEN Contact THEN Id END FROM Task)', 'MALFORMED_QUERY', 'semi join'],
  ])('%s is refused', async (soql, code, message) => {
    expect(await typed(soql)).toEqual([400, code, expect.stringContaining(message)]);
  });
});
