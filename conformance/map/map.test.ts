import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { formatProblem } from '../manifest/problem.ts';
import { type CrmSchema, loadSchemas } from './crm-schema.ts';
import { loadMap, parseMap } from './map.ts';
import { type LintOptions, lintMap } from './map-lint.ts';

const folder = fileURLToPath(new URL('../../fixtures/maps/default', import.meta.url));
const schemaFolder = fileURLToPath(new URL('../../fixtures/schemas/crm', import.meta.url));
const { map: defaults, problems: defaultProblems } = loadMap(folder);

/** Problems of the default map with some text replaced, as `file:line:column: message | fix`. */
function problemsOf(replace: Record<string, [from: string, to: string]>, options?: LintOptions): string[] {
  const files = { ...defaults.files };
  for (const [name, [from, to]] of Object.entries(replace)) {
    if (!files[name]?.includes(from)) throw new Error(`${name} does not hold ${from}`);
    files[name] = files[name].replace(from, () => to);
  }
  const { map, problems } = parseMap(files);
  return [...problems, ...lintMap(map, options)].map(
    (p) => `${p.severity === 'warning' ? 'warning ' : ''}${p.file}:${p.line}:${p.column}: ${p.message} | ${p.fix}`,
  );
}

describe('the default map', () => {
  it('is without fault, also beside the CRM of the sandbox', () => {
    expect(defaultProblems).toEqual([]);
    const { schemas, problems } = loadSchemas(schemaFolder);
    expect(problems).toEqual([]);
    expect(lintMap(defaults, { schemas }).map(formatProblem)).toEqual([]);
  });

  it('keeps lines, ids and texts', () => {
    const row = defaults.rows.find((candidate) => candidate.field === 'MobilePhone');
    expect(row).toMatchObject({ id: `fields.csv:${row?.line} Contact.MobilePhone`, transform: 'e164', v2: 'PID-13[CP]' });
    const text = readFileSync(`${folder}/fields.csv`, 'utf8').split('\n')[(row?.line as number) - 1] as string;
    expect(text.slice((row?.columns.field as number) - 1)).toMatch(/^MobilePhone,/);
    expect(parseMap(defaults.files, folder).map).toEqual(defaults);
    expect(defaults.tables.get('sex.csv')?.targets.get('male')).toBe('Male');
  });

  it('fills what is left empty', () => {
    const files = {
      'objects.csv': 'object,source,key,live_when\nContact,Patient,K,K != null\n',
      'fields.csv': 'source,object,field,field_type,owner\nPatient.id,Contact,K,text,ehr\n',
    };
    const { map, problems } = parseMap(files);
    expect(problems).toEqual([]);
    expect(map.objects[0]).toMatchObject({
      on_merge: 'move-and-deactivate',
      on_delete: 'deactivate',
      lead_match: 'none',
      parent: '',
    });
    expect(map.rows[0]).toMatchObject({
      trigger: 'any',
      conflict: 'owner-wins',
      on_missing: 'clear',
      on_invalid: 'quarantine',
      transform: '',
    });
  });
});

describe('form', () => {
  it.each<[string, Record<string, string>, string]>([
    ['a missing file', { 'objects.csv': defaults.files['objects.csv'] as string }, 'there is no fields.csv'],
    ['an empty file', { 'objects.csv': '' }, 'the file is empty'],
    ['semicolons', { 'objects.csv': 'object;source;key;live_when\n' }, 'not separated by commas'],
    ['an open quotation mark', { 'objects.csv': 'object,source,key,live_when\n"Contact,Patient\n' }, 'Quote'],
    ['a column twice', { 'objects.csv': 'object,source,key,live_when,key\n' }, 'occurs twice'],
    ['a missing column', { 'objects.csv': 'object,source,key\n' }, '"live_when" is missing'],
    [
      'too many cells',
      { 'objects.csv': 'object,source,key,live_when\nContact,Patient,K,A = 1, B = 2\n' },
      '5 cells, but only 4 columns',
    ],
  ])('names %s', (_, files, message) => {
    expect(parseMap(files).problems.map(formatProblem).join('\n')).toContain(message);
  });

  it('reads what spreadsheets write: a byte order mark, CRLF, blank lines, cells of two lines', () => {
    const objects =
      '\uFEFFobject,source,key,live_when\r\n\r\nContact,Patient,K,"A = true\r\nAND B = false"\r\n\r\nOther,Patient,K,A = true\r\n,,,\r\n';
    const { map, problems } = parseMap({ 'objects.csv': objects, 'fields.csv': 'source,object,field,field_type,owner\n' });
    expect(problems).toEqual([]);
    expect(map.objects.map(({ object, line }) => [object, line])).toEqual([
      ['Contact', 3],
      ['Other', 6],
    ]);
  });

  it('cannot be read where there is no folder', () => {
    expect(loadMap('/nowhere').problems).toMatchObject([
      { severity: 'error', file: '/nowhere', fix: expect.stringContaining('map:') },
    ]);
  });

  it('suggests the column that was meant', () => {
    expect(problemsOf({ 'fields.csv': ['on_missing', 'on_mising'] })[0]).toMatch(
      /^fields.csv:1:\d+: unknown column "on_mising" \| rename it to "on_missing"$/,
    );
  });
});

const schema: CrmSchema = {
  name: 'Contact',
  fields: [
    ...['EHR_Key__c', 'MRN__c', 'MRN_Authority__c', 'FirstName', 'LastName'].map((name) => ({
      name,
      type: 'string',
      length: 120,
      required: false,
    })),
    { name: 'Sex__c', type: 'picklist', picklist: ['Male', 'Female', 'Other'], required: false },
    { name: 'Birthdate', type: 'datetime', required: false },
    { name: 'MailingCity', type: 'string', length: 20, required: false },
    { name: 'Clinic__c', type: 'string', required: true },
  ],
};

it.each<[string, Record<string, [string, string]>, RegExp]>([
  [
    'an unknown transform',
    { 'fields.csv': ['phone,e164', 'phone,e146'] },
    /fields.csv:9:\d+: there is no transform "e146" \| write "e164"/,
  ],
  [
    'an unknown table',
    { 'fields.csv': ['table:sex.csv', 'table:sx.csv'] },
    /fields.csv:8:\d+: there is no table "sx.csv" .*\| write "sex.csv"/,
  ],
  ['a bad path', { 'fields.csv': ['Patient.birthDate', 'Patient.birthDate.'] }, /fields.csv:7:1: the source is no FHIRPath/],
  [
    'an unknown function',
    { 'fields.csv': ['given.first()', 'given.frist()'] },
    /fields.csv:5:1: .*no function frist\(\) \(character/,
  ],
  [
    'an unknown element',
    { 'fields.csv': ['Patient.birthDate', 'Patient.birthdate'] },
    /fields.csv:7:1: Patient has no element "birthdate" \| write "birthDate"/,
  ],
  [
    'another type',
    { 'fields.csv': ['Patient.birthDate', 'Appointment.start'] },
    /fields.csv:7:1: the source is of Appointment, but Contact mirrors Patient/,
  ],
  [
    'an unknown owner',
    { 'fields.csv': ['PID-5.2,,ehr', 'PID-5.2,,her'] },
    /fields.csv:5:\d+: the owner cannot be "her" \| write "ehr"/,
  ],
  ['no owner', { 'fields.csv': ['PID-5.2,,ehr', 'PID-5.2,,'] }, /fields.csv:5:\d+: nothing says who owns Contact.FirstName/],
  ['an unknown conflict', { 'fields.csv': ['owner-wins', 'owner_win'] }, /conflict cannot be "owner_win" \| write "owner-wins"/],
  ['an unknown on_missing', { 'fields.csv': ['clear', 'blank'] }, /on_missing cannot be "blank" \| use one of: keep, clear/],
  [
    'a literal that does not fit',
    { 'fields.csv': ['=false', '=no'] },
    /"no" is neither true nor false, so that Contact.Deceased__c cannot hold it/,
  ],
  [
    'an unknown on_invalid',
    { 'fields.csv': ['quarantine', 'quarantaine'] },
    /on_invalid cannot be "quarantaine" \| write "quarantine"/,
  ],
  ['an unknown sensitivity', { 'fields.csv': ['copy', 'copied'] }, /sensitivity cannot be "copied"/],
  [
    'a field that is kept out',
    { 'fields.csv': [',copy,', ',exclude,'] },
    /Contact\.\w+ is filled by a row that keeps out what it finds \| leave its field empty/,
  ],
  [
    'an order that nothing says',
    { 'fields.csv': ['owner-wins', 'most-restrictive'] },
    /nothing says which of two values of Contact\.\w+ is the more restrictive/,
  ],
  [
    'a path for each that is none',
    { 'objects.csv': ['Contact,Patient,', 'Contact,Patient.telecom.where(,'] },
    /objects.csv:2:\d+: the source is no FHIRPath/,
  ],
  [
    'an element for each that there is not',
    { 'objects.csv': ['Contact,Patient,', 'Contact,Patient.telcom,'] },
    /objects.csv:2:\d+: Patient has no element "telcom" \| write "telecom"/,
  ],
  [
    'a row for each that begins at the whole',
    { 'objects.csv': ['Contact,Patient,', 'Contact,Patient.telecom,'] },
    /Contact has a row for each Patient\.telecom, and the source begins at the Patient \| begin it at what is found there/,
  ],
  ['an unknown act', { 'fields.csv': [',any,', ',book|reshedule,'] }, /there is no act "reshedule" \| write "reschedule"/],
  ['an unknown type', { 'fields.csv': ['checkbox', 'chekbox'] }, /there is no field type "chekbox" \| write "checkbox"/],
  ['an odd tolerance', { 'fields.csv': ['PT0S', 'soon'] }, /"soon" is neither a number nor a duration/],
  [
    'a row twice',
    { 'fields.csv': ['HomePhone', 'MobilePhone'] },
    /fields.csv:10:\d+: Contact.MobilePhone has a row on line 9 already/,
  ],
  [
    'an unknown object',
    { 'fields.csv': ['Contact,FirstName', 'Contacts,FirstName'] },
    /objects.csv has no object "Contacts" \| write "Contact"/,
  ],
  [
    'a lookup of nothing',
    { 'fields.csv': ['lookup,parent', 'lookup,'] },
    /Contact__c is not filled by the transform "parent"[\s\S]*a lookup needs to know/,
  ],
  [
    'a link in a text',
    { 'fields.csv': ['lookup,parent', 'text(18),parent'] },
    /"parent" gives a link, but the type is text\(18\)/,
  ],
  [
    'an instant in a date',
    { 'fields.csv': ['date,local-date', 'date,'] },
    /warning fields.csv:\d+:\d+: instant into date: the time of day is lost/,
  ],
  ['no key', { 'objects.csv': ['Patient,EHR_Key__c', 'Patient,'] }, /objects.csv:2:\d+: Contact has no key field/],
  [
    'a key that nothing fills',
    { 'objects.csv': ['Patient,EHR_Key__c', 'Patient,Key__c'] },
    /no row fills the key field Contact.Key__c/,
  ],
  [
    'an authority that nothing fills',
    { 'objects.csv': ['MRN_Authority__c', 'Authority__c'] },
    /no row fills Contact.Authority__c/,
  ],
  ['no link', { 'objects.csv': [',Contact__c,', ',,'] }, /objects.csv:3:\d+: nothing links Appointment__c to its person/],
  ['no live rule', { 'objects.csv': ['Active__c = true', ''] }, /nothing says which rows of Contact are live/],
  [
    'a bad live rule',
    { 'objects.csv': ['Active__c = true', 'Active__c = yes'] },
    /live_when is no SOQL condition: .*apostrophes \(character 13\)/,
  ],
  [
    'a live rule on nothing',
    { 'objects.csv': ['Active__c = true', 'Activ__c = true'] },
    /unknown field "Activ__c" \| write "Active__c"/,
  ],
  ['a bad scope', { 'objects.csv': ['Contact__c,,', 'Contact__c,Appointment.status =,'] }, /create_when is no FHIRPath/],
  ['an unknown merge rule', { 'objects.csv': ['move-and-deactivate', 'move'] }, /on_merge cannot be "move"/],
  ['an unknown delete rule', { 'objects.csv': [',deactivate', ',remove'] }, /on_delete cannot be "remove"/],
  ['an unknown lead rule', { 'objects.csv': [',none', ',merge'] }, /lead_match cannot be "merge"/],
  [
    'an unknown source',
    { 'objects.csv': ['Contact,Patient', 'Contact,Patients'] },
    /"Patients" is no resource type that can be mapped \| write "Patient"/,
  ],
  ['a code twice', { 'sex.csv': ['female', 'male'] }, /sex.csv:3:1: "male" is on line 2 already/],
  ['a code without target', { 'sex.csv': ['male,M,Male', 'male,M,'] }, /sex.csv:2:\d+: "male" has no target/],
  [
    'a table that nobody uses',
    { 'fields.csv': ['table:sex.csv', ''] },
    /warning sex.csv:undefined:undefined: no row uses the table sex.csv/,
  ],
  [
    'a hole in the minimum',
    { 'fields.csv': ['Patient.birthDate', 'Patient.active'] },
    /warning fields.csv:.*the minimum map asks for date of birth/,
  ],
  [
    'more than the minimum',
    { 'fields.csv': ['Patient.active', 'Patient.maritalStatus.text'] },
    /warning fields.csv:18:1: Contact.Active__c copies more about the patient/,
  ],
])('lint names %s', (_, replace, message) => {
  expect(problemsOf(replace).join('\n')).toMatch(message);
});

it.each([
  [/objects.csv:3:1: the CRM has no object "Appointment__c" \| use one of: Contact/],
  [/objects.csv:2:1: the CRM requires Contact.Clinic__c, and no row fills it/],
  [/fields.csv:9:\d+: the CRM has no field Contact.MobilePhone/],
  [/fields.csv:7:\d+: Contact.Birthdate is datetime in the CRM, not date/],
  [/fields.csv:13:\d+: the CRM holds 20 characters there, the map says 40 \| write text\(20\)/],
  [/sex.csv:5:\d+: "Unknown" is no value of the picklist Contact.Sex__c/],
])('beside a CRM: %s', (message) => {
  expect(problemsOf({}, { schemas: [schema] }).join('\n')).toMatch(message);
});

it('names rows that no declared channel carries', () => {
  const only = (channels: string[]) => problemsOf({}, { channels });
  expect(only(['hl7'])).toEqual([
    expect.stringMatching(/^warning fields.csv:\d+:\d+: Contact.Active__c, .* cannot be reached/),
    ...['Communication_Consent__c', 'Referral__c', 'Allergy__c', 'Finding__c'].map((object) =>
      expect.stringContaining(`: ${object}.EHR_Key__c, `),
    ),
  ]);
  expect(only(['hl7', 'poll'])).toEqual([]);
});

it('the map onto person accounts is without fault beside an org that has them', () => {
  const { map, problems } = loadMap(fileURLToPath(new URL('../../fixtures/maps/person-accounts', import.meta.url)));
  expect(problems).toEqual([]);
  // It leaves consents out, which the minimum map has.
  expect(
    lintMap(map, {})
      .map(formatProblem)
      .filter((text) => !/consent|decided|last visit/.test(text)),
  ).toEqual([]);
});
