import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { openCrm } from '../testing.ts';

async function withOrg(files: Record<string, string | object>, use: (crm: Awaited<ReturnType<typeof openCrm>>) => Promise<void>) {
  const folder = mkdtempSync(join(tmpdir(), 'org-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  const crm = await openCrm({ schema: folder });
  try {
    await use(crm);
  } finally {
    await crm.close();
    rmSync(folder, { recursive: true });
  }
}

const field = (xml: string) =>
  `<?xml version="1.0" encoding="UTF-8"?><CustomField xmlns="http://soap.sforce.com/2006/04/metadata">${xml}</CustomField>`;

test('sfdx metadata over the standard objects', async () => {
  const at = 'force-app/main/default/objects';
  const files = {
    [`${at}/Contact/fields/vendor__Chart__c.field-meta.xml`]: field(
      '<fullName>vendor__Chart__c</fullName><externalId>true</externalId><label>Chart</label><length>12</length><type>Text</type><unique>true</unique>',
    ),
    [`${at}/Contact/fields/Level__c.field-meta.xml`]: field(
      '<fullName>Level__c</fullName><label>Level</label><type>Picklist</type><valueSet><restricted>true</restricted><valueSetDefinition><value><fullName>Low</fullName><default>true</default></value><value><fullName>High</fullName></value></valueSetDefinition></valueSet>',
    ),
    [`${at}/Contact/fields/Birthdate.field-meta.xml`]: field('<fullName>Birthdate</fullName><trackHistory>true</trackHistory>'),
    [`${at}/Visit__c/Visit__c.object-meta.xml`]:
      '<CustomObject><label>Visit</label><nameField><displayFormat>V-{000}</displayFormat><label>Visit Number</label><type>AutoNumber</type></nameField><pluralLabel>Visits</pluralLabel></CustomObject>',
    [`${at}/Visit__c/fields/Patient__c.field-meta.xml`]: field(
      '<fullName>Patient__c</fullName><label>Patient</label><referenceTo>Contact</referenceTo><relationshipName>Visits</relationshipName><type>MasterDetail</type>',
    ),
    [`${at}/Visit__c/fields/Cost__c.field-meta.xml`]: field(
      '<fullName>Cost__c</fullName><label>Cost</label><precision>5</precision><scale>2</scale><type>Currency</type>',
    ),
  };
  await withOrg(files, async (crm) => {
    const { body } = await crm.call('PATCH', 'sobjects/Contact/vendor__Chart__c/c1', { LastName: 'x' });
    expect((await crm.call('GET', `sobjects/Contact/${body.id}`)).body).toMatchObject({ Level__c: 'Low', Birthdate: null });
    const refused = async (fields: object) => (await crm.call('PATCH', `sobjects/Contact/${body.id}`, fields)).body[0].message;
    expect(await refused({ vendor__Chart__c: '1234567890123' })).toBe(
      'Chart: data value too large: 1234567890123 (max length=12)',
    );
    expect(await refused({ Level__c: 'Medium' })).toBe('Level: bad value for restricted picklist field: Medium');
    expect(await refused({ Nope__c: 1 })).toBe("No such column 'Nope__c' on sobject of type Contact");
    expect((await crm.call('POST', 'sobjects/Visit__c', { Cost__c: 1 })).body[0].message).toBe(
      'Required fields are missing: [Patient__c]',
    );
    expect((await crm.call('POST', 'sobjects/Visit__c', { Patient__c: body.id, Cost__c: 1000 })).body[0].errorCode).toBe(
      'NUMBER_OUTSIDE_VALID_RANGE',
    );
    await crm.call('POST', 'sobjects/Visit__c', { Patient__c: body.id, Cost__c: 9.994 });
    const { records } = (await crm.query('SELECT Id, (SELECT Name, Cost__c FROM Visits__r) FROM Contact')).body;
    expect(records[0].Visits__r.records[0]).toMatchObject({ Name: 'V-001', Cost__c: 9.99 });
  });
});

test('what the org itself described comes back the same', async () => {
  const whole = await openCrm();
  const describe = async (name: string) => (await whole.call('GET', `sobjects/${name}/describe`)).body;
  const [contact, visit] = [await describe('Contact'), await describe('Appointment__c')];
  await whole.close();
  await withOrg({ 'contact.json': contact, 'visit.json': { status: 0, result: visit } }, async (crm) => {
    const { body } = await crm.call('PATCH', 'sobjects/Contact/EHR_Key__c/k', { LastName: 'x', Sex__c: 'Male' });
    expect(body.created).toBe(true);
    await crm.call('POST', 'sobjects/Appointment__c', { Contact__r: { EHR_Key__c: 'k' } });
    const { records } = (await crm.query('SELECT Name, (SELECT Name FROM Appointments__r) FROM Contact')).body;
    expect(records[0]).toMatchObject({ Name: 'x', Appointments__r: { totalSize: 1 } });
    expect((await crm.call('PATCH', `sobjects/Contact/${body.id}`, { Sex__c: 'x' })).body[0].errorCode).toBe(
      'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
    );
    const fields = (await crm.call('GET', 'sobjects/Contact/describe')).body.fields as {
      name: string;
      type: string;
      length: number;
    }[];
    const same = (one: { name: string; type: string; length: number }) => [one.name, one.type, one.length];
    expect(fields.map(same).sort()).toEqual(contact.fields.map(same).sort());
  });
});
