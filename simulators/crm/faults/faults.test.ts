import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KERNEL_FAULTS, type Rule } from '#kernel';
import { ERRORS, NAMED_ERRORS } from '../errors.ts';
import { CRM_DEFAULTS } from '../index.ts';
import { NEXT_CLIENT_SECRET } from '../levers.ts';
import { type Answered, openCrm, type TestCrm } from '../testing.ts';
import { CRM_FAULTS } from './index.ts';

let crm: TestCrm;
beforeEach(async () => {
  crm = await openCrm({ kernel: { faults: [...KERNEL_FAULTS, ...CRM_FAULTS] } });
});
afterEach(() => crm.close());

/** Arms a rule at the CRM, as the control API does; heals it by what it returns. */
async function arm(fault: string, params: Rule['params'] = {}): Promise<() => Promise<void>> {
  const { id } = crm.kernel.rules.arm({ fault, params, where: { sim: 'crm' } });
  await crm.kernel.rules.effective();
  return async () => {
    crm.kernel.rules.heal(id);
    // What a lever held is put back in a later turn.
    await new Promise((resolve) => setImmediate(resolve));
  };
}

const code = ({ body }: Answered): string | undefined => body?.[0]?.errorCode;
const make = async (fields: object): Promise<string> => (await crm.call('POST', 'sobjects/Contact', fields)).body.id;
const login = async (id = CRM_DEFAULTS.clientId, secret: string = CRM_DEFAULTS.clientSecret): Promise<number> => {
  const form = { grant_type: 'client_credentials', client_id: id, client_secret: secret };
  return (await fetch(`${crm.url}/services/oauth2/token`, { method: 'POST', body: new URLSearchParams(form) })).status;
};
const fieldsOf = async (): Promise<Record<string, Record<string, unknown>>> => {
  const { fields } = (await crm.call('GET', 'sobjects/Contact/describe')).body;
  return Object.fromEntries(fields.map((field: { name: string }) => [field.name, field]));
};

describe('errors of the org by name', () => {
  test.each(NAMED_ERRORS)('%s', async (error) => {
    const heal = await arm('vendor-error', { error });
    const { status, code } = ERRORS[error as keyof typeof ERRORS];
    const answer = await crm.call('GET', 'limits');
    const shown = status === 502 || status === 504 ? String(answer.body).startsWith('<html>') : answer.body[0].errorCode;
    const expected = status === 502 || status === 504 ? true : error === 'invalid' ? 'MALFORMED_QUERY' : code;
    expect([answer.status, shown]).toEqual([status, expected]);
    await heal();
    expect((await crm.call('GET', 'limits')).status).toBe(200);
  });

  test('one that the org has not is refused with those that it has', () => {
    const armed = () => crm.kernel.rules.arm({ fault: 'vendor-error', params: { error: 'too-long' } });
    expect(armed).toThrow(/crm\/\w+ has no error "too-long"; .*: .*row-locked.*throttled/);
  });
});

describe('credentials', () => {
  test('tokens-end: the sessions that live, and no others', async () => {
    await arm('tokens-end');
    expect(code(await crm.call('GET', 'limits'))).toBe('INVALID_SESSION_ID');
    expect(await login()).toBe(200);
  });

  test('short-tokens: a session ends so long after its last use', async () => {
    await arm('short-tokens', { seconds: 5 });
    await crm.clock.advance(3000);
    expect((await crm.call('GET', 'limits')).status).toBe(200);
    await crm.clock.advance(4000);
    expect((await crm.call('GET', 'limits')).status).toBe(200);
    await crm.clock.advance(6000);
    expect((await crm.call('GET', 'limits')).status).toBe(401);
  });

  test.each([
    ['with its sessions', true, 401],
    ['its sessions live on', false, 200],
  ])('client-revoked: %s', async (_title, tokens, status) => {
    const heal = await arm('client-revoked', { client: CRM_DEFAULTS.clientId, tokens });
    expect([await login(), (await crm.call('GET', 'limits')).status]).toEqual([400, status]);
    await heal();
    expect(await login()).toBe(200);
  });

  test('client-rotated: the new secret is taken, the old one until the overlap is over', async () => {
    const heal = await arm('client-rotated', { overlap: 60 });
    expect(crm.crm.describe().credentials.clientSecret).toBe(NEXT_CLIENT_SECRET);
    expect([await login(), await login(undefined, NEXT_CLIENT_SECRET)]).toEqual([200, 200]);
    await crm.clock.advance(61_000);
    expect([await login(), await login(undefined, NEXT_CLIENT_SECRET)]).toEqual([400, 200]);
    await heal();
    expect([await login(), await login(undefined, NEXT_CLIENT_SECRET)]).toEqual([200, 400]);
  });

  test.each([
    ['write', 'INSUFFICIENT_ACCESS_OR_READONLY', 200],
    ['create', 'INSUFFICIENT_ACCESS_OR_READONLY', 200],
    ['edit', undefined, 200],
    ['read', 'NOT_FOUND', 404],
  ])('permission-withdrawn: %s', async (access, created, read) => {
    const id = await make({ LastName: 'Ode' });
    const heal = await arm('permission-withdrawn', { object: 'Contact', access });
    expect(code(await crm.call('POST', 'sobjects/Contact', { LastName: 'x' }))).toBe(created);
    expect((await crm.call('GET', `sobjects/Contact/${id}`)).status).toBe(read);
    // The clerk at the screen goes on.
    const changes = [{ op: 'update' as const, type: 'Contact', id, fields: { FirstName: 'Ann' } }];
    await expect(crm.crm.commit({ changes })).resolves.toBeTruthy();
    await heal();
    expect((await crm.call('PATCH', `sobjects/Contact/${id}`, { FirstName: 'Bea' })).status).toBe(204);
  });
});

describe('limits', () => {
  test('daily-limit: reached after so many calls, until healed', async () => {
    const heal = await arm('daily-limit', { left: 2 });
    const calls = [1, 2, 3].map(() => () => crm.call('GET', 'limits'));
    const answers: number[] = [];
    for (const call of calls) answers.push((await call()).status);
    expect(answers).toEqual([200, 200, 403]);
    expect(code(await crm.call('GET', 'limits'))).toBe('REQUEST_LIMIT_EXCEEDED');
    await heal();
    expect((await crm.call('GET', 'limits')).status).toBe(200);
  });

  test('concurrent-limit: a call beside one that runs is refused', async () => {
    await arm('concurrent-limit');
    const held = crm.kernel.rules.arm({ fault: 'gate', params: { at: 'before-commit' }, where: { operation: 'create' } });
    const first = crm.call('POST', 'sobjects/Contact', { LastName: 'x' });
    while (crm.kernel.gates.list().length === 0) await new Promise((resolve) => setImmediate(resolve));
    const second = await crm.call('GET', 'limits');
    expect([second.status, second.body[0].message]).toEqual([403, 'ConcurrentPerOrgLongTxn Limit exceeded.']);
    crm.kernel.rules.heal(held.id);
    expect((await first).status).toBe(201);
    expect((await crm.call('GET', 'limits')).status).toBe(200);
  });
});

describe('an object that is otherwise', () => {
  const row = { object: 'Contact', field: 'MailingCity' };
  const city = async (id: string, name = 'MailingCity') =>
    (await crm.query(`SELECT ${name} FROM Contact WHERE Id = '${id}'`)).body;

  test('field-renamed: what it holds stands under the new name, in the journal under the old one', async () => {
    const id = await make({ LastName: 'Ode', MailingCity: 'Nurse' });
    const heal = await arm('field-renamed', { ...row, to: 'Job__c' });
    expect((await city(id, 'Job__c')).records[0].Job__c).toBe('Nurse');
    expect((await city(id))[0].errorCode).toBe('INVALID_FIELD');
    expect(Object.keys(await fieldsOf())).toEqual(expect.arrayContaining(['Job__c']));
    expect(Object.keys(await fieldsOf())).not.toContain('MailingCity');
    expect(code(await crm.call('PATCH', `sobjects/Contact/${id}`, { MailingCity: 'x' }))).toBe('INVALID_FIELD');
    expect((await crm.call('PATCH', `sobjects/Contact/${id}`, { Job__c: 'Doctor' })).status).toBe(204);
    expect(crm.commits().at(-1)).toMatchObject({ before: [{ MailingCity: 'Nurse' }], after: [{ MailingCity: 'Doctor' }] });
    expect(crm.commits().at(-1)!.after![0]).not.toHaveProperty('Job__c');
    await heal();
    expect((await city(id)).records[0].MailingCity).toBe('Doctor');
  });

  test('field-renamed: a key finds its records under its new name', async () => {
    await crm.call('PATCH', 'sobjects/Contact/EHR_Key__c/k-1', { LastName: 'Ode' });
    const heal = await arm('field-renamed', { object: 'Contact', field: 'EHR_Key__c', to: 'Key__c' });
    expect((await crm.call('PATCH', 'sobjects/Contact/Key__c/k-1', { LastName: 'Oda' })).status).toBe(200);
    expect((await crm.call('PATCH', 'sobjects/Contact/Key__c/k-2', { LastName: 'New' })).status).toBe(201);
    expect((await crm.call('PATCH', 'sobjects/Contact/EHR_Key__c/k-1', { LastName: 'x' })).status).toBe(404);
    await heal();
    const found = await crm.query("SELECT LastName FROM Contact WHERE EHR_Key__c IN ('k-1', 'k-2') ORDER BY EHR_Key__c");
    expect(found.body.records.map((one: { LastName: string }) => one.LastName)).toEqual(['Oda', 'New']);
  });

  test('field-removed: gone, and back with what it held', async () => {
    const id = await make({ LastName: 'Ode', MailingCity: 'Nurse' });
    const heal = await arm('field-removed', row);
    expect([(await city(id))[0].errorCode, Object.keys(await fieldsOf()).includes('MailingCity')]).toEqual([
      'INVALID_FIELD',
      false,
    ]);
    expect((await crm.call('GET', `sobjects/Contact/${id}`)).body).not.toHaveProperty('MailingCity');
    expect((await crm.call('PATCH', `sobjects/Contact/${id}`, { FirstName: 'Ann' })).status).toBe(204);
    await heal();
    expect((await city(id)).records[0].MailingCity).toBe('Nurse');
  });

  test('field-retyped: converted, and back where nobody wrote', async () => {
    const [word, number] = [
      await make({ LastName: 'A', MailingCity: 'Nurse' }),
      await make({ LastName: 'B', MailingCity: '12.5' }),
    ];
    const heal = await arm('field-retyped', { ...row, as: 'double' });
    expect([
      (await fieldsOf()).MailingCity!.type,
      (await city(word)).records[0].MailingCity,
      (await city(number)).records[0].MailingCity,
    ]).toEqual(['double', null, 12.5]);
    expect((await crm.call('PATCH', `sobjects/Contact/${word}`, { FirstName: 'Ann' })).status).toBe(204);
    expect(code(await crm.call('PATCH', `sobjects/Contact/${word}`, { MailingCity: 'x' }))).toBe('JSON_PARSER_ERROR');
    expect((await crm.call('PATCH', `sobjects/Contact/${number}`, { MailingCity: 13 })).status).toBe(204);
    await heal();
    expect([(await city(word)).records[0].MailingCity, String((await city(number)).records[0].MailingCity)]).toEqual([
      'Nurse',
      '13',
    ]);
  });

  test('field-required', async () => {
    const heal = await arm('field-required', row);
    const refused = await crm.call('POST', 'sobjects/Contact', { LastName: 'x' });
    expect([code(refused), refused.body[0].fields, (await fieldsOf()).MailingCity!.nillable]).toEqual([
      'REQUIRED_FIELD_MISSING',
      ['MailingCity'],
      false,
    ]);
    await heal();
    expect((await crm.call('POST', 'sobjects/Contact', { LastName: 'x' })).status).toBe(201);
  });

  test('field-shorter', async () => {
    const heal = await arm('field-shorter', { ...row, length: 5 });
    expect(code(await crm.call('POST', 'sobjects/Contact', { LastName: 'x', MailingCity: 'Doctor' }))).toBe('STRING_TOO_LONG');
    expect((await fieldsOf()).MailingCity!.length).toBe(5);
    await heal();
    expect((await crm.call('POST', 'sobjects/Contact', { LastName: 'x', MailingCity: 'Doctor' })).status).toBe(201);
  });

  test('picklist-changed: one value goes, another comes', async () => {
    const values = async () => {
      const { fields } = (await crm.call('GET', 'sobjects/Lead/describe')).body;
      const status = fields.find((field: { name: string }) => field.name === 'Status');
      return status.picklistValues.map(({ value }: { value: string }) => value) as string[];
    };
    const [first = ''] = await values();
    const heal = await arm('picklist-changed', { object: 'Lead', field: 'Status', remove: first, add: 'Waiting' });
    expect(await values()).toEqual(expect.arrayContaining(['Waiting']));
    const lead = (Status: string) => crm.call('POST', 'sobjects/Lead', { LastName: 'x', Company: 'y', Status });
    expect([code(await lead(first)), (await lead('Waiting')).status]).toEqual(['INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', 201]);
    await heal();
    expect((await values())[0]).toBe(first);
  });

  test.each([
    ['field-removed', { object: 'Contact', field: 'Nonsense' }, 'the CRM has no field Contact.Nonsense'],
    ['field-removed', { object: 'Contact', field: 'LastName' }, "Contact.LastName is the org's own"],
    ['field-shorter', { object: 'Contact', field: 'MailingCity', length: 9999 }, '9999 are not fewer'],
    ['picklist-changed', { object: 'Contact', field: 'MailingCity', add: 'x' }, 'Contact.MailingCity is no picklist'],
    ['permission-withdrawn', { object: 'Nonsense' }, 'the CRM has no object Nonsense'],
  ])('%s %j is refused', async (fault, params, message) => {
    await expect(arm(fault, params)).rejects.toThrow(message);
    expect(crm.kernel.rules.list()).toEqual([]);
  });
});

test('api-retired: older versions are gone, and not listed', async () => {
  const heal = await arm('api-retired', { below: 61 });
  const old = await crm.call('GET', 'limits');
  expect([old.status, code(old), (await crm.call('GET', '/services/data/v61.0/limits')).status]).toEqual([410, 'GONE', 200]);
  expect((await crm.call('GET', '/services/data')).body[0].version).toBe('61.0');
  const soap = await crm.call('POST', '/services/Soap/u/60.0', '<e:Envelope><e:Body><login/></e:Body></e:Envelope>', {
    'content-type': 'text/xml',
  });
  expect([soap.status, String(soap.body).includes('UNSUPPORTED_API_VERSION')]).toEqual([500, true]);
  const bulk = await crm.call('GET', '/services/async/60.0/job/x');
  expect([bulk.status, String(bulk.body).includes('InvalidVersion')]).toEqual([400, true]);
  await heal();
  expect((await crm.call('GET', 'limits')).status).toBe(200);
});

test('clock-offset: stamps, dates and what is issued, not the journal', async () => {
  const heal = await arm('clock-offset', { seconds: 3600 });
  const ahead = crm.clock.now() + 3_600_000;
  const id = await make({ LastName: 'Ode' });
  const read = await crm.call('GET', `sobjects/Contact/${id}`);
  expect(Date.parse(read.body.SystemModstamp)).toBeGreaterThanOrEqual(ahead);
  expect(read.headers.get('date')).toBe(new Date(ahead).toUTCString());
  expect(Date.parse(crm.commits().at(-1)!.wall)).toBe(crm.clock.now());
  await heal();
  expect((await crm.call('GET', 'limits')).headers.get('date')).not.toBe(new Date(ahead).toUTCString());
});
