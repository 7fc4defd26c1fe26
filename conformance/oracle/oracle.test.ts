import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMap } from '../map/map.ts';
import { compileOracle, type ExpectContext, type OracleSite, onChannel } from './oracle.ts';

const OBJECTS = `object,source,key,authority,parent,create_when,live_when,on_merge,on_delete,lead_match
Contact,Patient,Key__c,,,Patient.name.exists(),Active__c = true,move-and-deactivate,deactivate,none
Visit__c,Appointment,Key__c,,Contact__c,,Status__c != 'Cancelled',move-and-delete,delete,none
`;
const HEADER =
  'source,source_type,object,field,field_type,transform,trigger,v2,v1,owner,conflict,on_missing,on_invalid,sensitivity,tolerance\n';
const PATIENT =
  'Patient.identifier.where(system = %authority).value.first(),string,Contact,Key__c,text(120),key,any,PID-3.1,,ehr,owner-wins,keep,quarantine,copy,\n';
const VISIT = `Appointment.identifier.value.first(),string,Visit__c,Key__c,text(120),key,any,SCH-2,,ehr,owner-wins,keep,quarantine,copy,
Appointment.participant.actor.reference.where(startsWith('Patient/')).first(),reference,Visit__c,Contact__c,lookup,parent,any,PID-3.1,,ehr,owner-wins,keep,quarantine,copy,
Appointment.start,instant,Visit__c,Start__c,datetime,,any,SCH-11.4,,ehr,owner-wins,keep,keep,copy,PT30S
Appointment.status,code,Visit__c,Status__c,picklist,,cancel|book,SCH-25,,ehr,owner-wins,keep,keep,copy,
`;
const TABLE = 'source,target\nmale,Male\nfemale,Female\n';
const site: OracleSite = {
  name: 'epic',
  authority: '1.2.3',
  time_zone: 'America/New_York',
  channels: { read: [{ kind: 'poll' }, { kind: 'hl7' }] },
};
const messagesOnly: OracleSite = { ...site, name: 'hl7', channels: { read: [{ kind: 'hl7' }] } };

const tellers = ['changed', 'subscription'].map((kind) => ({ ...site, name: kind, channels: { read: [{ kind }] } }));

const oracleOf = (rows: string) => {
  const { map, problems } = parseMap({ 'objects.csv': OBJECTS, 'fields.csv': HEADER + PATIENT + VISIT + rows, 'sex.csv': TABLE });
  expect(problems).toEqual([]);
  return compileOracle(map, [site, messagesOnly, ...tellers]);
};
const patient = (more: object = {}) => ({
  resourceType: 'Patient',
  id: '1',
  active: true,
  identifier: [{ system: 'urn:oid:1.2.3', value: '42' }],
  name: [{ use: 'official', family: 'Hale' }],
  ...more,
});
const truth = (type: string, images: (object | null)[], tenant = 'epic', acts: string[] = []) => ({
  tenant,
  type,
  versions: images.map((image, i) => ({ act: acts[i] ?? 'update', image })),
});

/** What one row of the map (`transform,trigger,v2,…` from its field type on) expects after these images. */
function field(row: string, images: (object | null)[], context?: ExpectContext, tenant?: string) {
  const [record] = oracleOf(`${row}\n`).expect(truth('Patient', images, tenant), context);
  const { unjudged, values } = record?.fields.F__c ?? { unjudged: 'no such field', values: [] };
  return unjudged ?? values;
}
const row = (
  cells: Partial<
    Record<'source' | 'type' | 'transform' | 'trigger' | 'v2' | 'owner' | 'conflict' | 'missing' | 'invalid', string>
  >,
) =>
  [
    cells.source ?? 'Patient.gender',
    'code,Contact,F__c',
    cells.type ?? 'text(10)',
    cells.transform ?? '',
    cells.trigger ?? 'any',
    cells.v2 ?? 'PID-8',
    '',
    cells.owner ?? 'ehr',
    cells.conflict ?? 'owner-wins',
    cells.missing ?? 'clear',
    cells.invalid ?? 'keep',
    'copy',
    '',
  ].join(',');

const [male, female, other, none] = [
  patient({ gender: 'male' }),
  patient({ gender: 'female' }),
  patient({ gender: 'other' }),
  patient(),
];
const sex = 'table:sex.csv';

describe('what a field must hold', () => {
  it.each([
    ['the newest value', row({}), [male, female], ['female']],
    ['a mapped value', row({ transform: sex }), [male], ['Male']],
    ['nothing, where the value was removed: clear', row({ missing: 'clear' }), [male, none], [null]],
    ['nothing, where there never was a value: clear', row({ missing: 'clear' }), [none], [null]],
    ['what it held before: keep', row({ missing: 'keep' }), [male, none], ['male']],
    ['anything, where there never was a value: keep', row({ missing: 'keep' }), [none, none], 'never-held'],
    ['a literal, where there is no value', row({ missing: '=Unknown' }), [male, none], ['Unknown']],
    ['a literal of the type', row({ type: 'checkbox', source: 'Patient.deceased', missing: '=false' }), [none], [false]],
    ['unchecked, where a checkbox is cleared', row({ type: 'checkbox', source: 'Patient.deceased' }), [none], [false]],
    ['what it held before: invalid, keep', row({ transform: sex, invalid: 'keep' }), [male, other], ['Male']],
    ['anything: invalid from the start, keep', row({ transform: sex, invalid: 'keep' }), [other], 'never-held'],
    ['nothing: invalid, clear', row({ transform: sex, invalid: 'clear' }), [male, other], [null]],
    ['a literal: invalid', row({ transform: sex, invalid: '=Unknown' }), [other], ['Unknown']],
    ['the source as it is: invalid, raw', row({ transform: sex, invalid: 'raw' }), [other], ['other']],
    ['no record at all: invalid, quarantine', row({ transform: sex, invalid: 'quarantine' }), [other], 'quarantined'],
    [
      'the beginning of what it holds: too long and raw',
      row({ source: 'Patient.name.family.first()', type: 'text(2)', invalid: 'raw' }),
      [none],
      ['Hale'],
    ],
    ['who knows what: opaque', row({ transform: 'opaque' }), [male], 'opaque'],
    ['what the subject likes: its own', row({ owner: 'sync' }), [male], 'sync-owned'],
    ['what the CRM says: nothing yet', row({ owner: 'crm' }), [male], 'crm-owned'],
    ['what an act in the trigger brought', row({ trigger: 'register' }), [male], 'not-triggered'],
    [
      'a part of the date',
      row({ source: 'Patient.birthDate', type: 'date', invalid: 'clear' }),
      [patient({ birthDate: '1990-02' })],
      [null],
    ],
    ['the site', row({ source: '%site.authority' }), [male], ['1.2.3']],
    ['the end of a deleted record', row({}), [male, null], 'gone'],
  ])('%s', (_, cells, images, expected) => {
    expect(field(cells, images)).toEqual(expected);
  });

  it.each([
    ['crm', 'owner-wins', { F__c: 'x' }, ['x']],
    ['crm', 'owner-wins', { F__c: '' }, [null]],
    ['ehr', 'owner-wins', { F__c: 'x' }, ['male']],
    ['shared', 'newest', { F__c: 'x' }, ['male', 'x']],
    ['shared', 'newest', {}, ['male']],
    ['shared', 'manual', { F__c: 'x' }, 'undecided'],
    ['shared', 'most-restrictive', { F__c: 'x' }, 'undecided'],
  ])('owner %s, conflict %s, CRM edit %o: %o', (owner, conflict, edits, expected) => {
    expect(field(row({ owner, conflict }), [male], { edits })).toEqual(expected);
  });

  it('is judged on messages only where the row has a v2 column', () => {
    expect(field(row({ v2: '' }), [male], {}, 'hl7')).toBe('not-on-channel');
    expect(field(row({}), [male], {}, 'hl7')).toEqual(['male']);
    expect(field(row({ v2: '' }), [male])).toEqual(['male']);
  });

  it('is not judged on feeds and notifications where it is taken from what those do not tell of', () => {
    const visits = row({ source: '%chart.Encounter.status.first()' });
    for (const kind of ['changed', 'subscription'] as const) {
      expect(field(row({}), [male], {}, kind)).toEqual(['male']);
      expect(field(visits, [male], {}, kind)).toBe('not-on-channel');
    }
    expect(field(visits, [male])).not.toBe('not-on-channel');
    const { map } = parseMap({
      'objects.csv': `${OBJECTS}Referral__c,ServiceRequest,Key__c,,,,\n`,
      'fields.csv': `${HEADER}%resource.subject.reference,reference,Referral__c,Contact__c,lookup,parent,any,,,ehr,owner-wins,keep,keep,copy,\n`,
    });
    expect(['changed', 'poll'].map((kind) => onChannel(map, map.rows[0]!, kind))).toEqual([false, true]);
  });

  it('is judged on feeds by its column of v1, where the map fills that of any row', () => {
    const of = (v1: [string, string]) =>
      parseMap({
        'objects.csv': OBJECTS,
        'fields.csv': `${HEADER}${v1.map((cell, i) => `Patient.id,id,Contact,F${i}__c,text(9),,any,,${cell},ehr,,,,,`).join('\n')}\n`,
      }).map;
    const judged = (v1: [string, string], channel: string) => {
      const map = of(v1);
      return map.rows.map((row) => onChannel(map, row, channel));
    };
    expect(judged(['sex', ''], 'changed')).toEqual([true, false]);
    expect(judged(['', ''], 'changed')).toEqual([true, true]);
    expect(judged(['sex', ''], 'poll')).toEqual([true, true]);
  });

  it('follows the acts of its trigger', () => {
    const visit = (status: string) => ({ resourceType: 'Appointment', identifier: [{ value: '7' }], status });
    const oracle = oracleOf('');
    const history = truth('Appointment', [visit('booked'), visit('arrived')], 'epic', ['book', 'arrive']);
    const [record] = oracle.expect({ ...history, type: 'Appointment' }, { resolve: () => patient() });
    expect(record?.fields.Status__c?.values).toEqual(['booked']);
    const status = oracle.row('Visit__c', 'Status__c');
    expect(status && ['book', 'arrive'].map((act) => oracle.triggers(status, act))).toEqual([true, false]);
  });
});

describe('a record', () => {
  const oracle = oracleOf('');
  const visit = (reference = 'Patient/1') => ({
    resourceType: 'Appointment',
    identifier: [{ value: '7' }],
    status: 'booked',
    start: '2026-03-08T06:30:00Z',
    participant: [{ actor: { reference: 'Practitioner/1' } }, { actor: { reference } }],
  });
  const people: Record<string, object> = {
    'Patient/1': patient(),
    'Patient/2': patient({ link: [{ type: 'replaced-by', other: { reference: 'Patient/3' } }] }),
    'Patient/3': patient({ identifier: [{ system: 'urn:oid:1.2.3', value: '43' }] }),
    'Patient/4': patient({ link: [{ type: 'replaced-by', other: { reference: 'Patient/4' } }] }),
    'Patient/5': patient({ identifier: [{ system: 'urn:oid:9.9', value: '44' }] }),
  };
  const resolve = (reference: string) => people[reference];
  const recordOf = (type: string, images: (object | null)[]) => oracle.expect(truth(type, images), { resolve })[0];

  it('is found by its key', () => {
    expect(recordOf('Patient', [patient()])).toMatchObject({
      keyField: 'Key__c',
      key: '1.2.3|42',
      create: true,
      fate: 'present',
      site: 'epic',
    });
  });

  it.each<[string, string, (object | null)[], object]>([
    ['has no key of this authority', 'Patient', [people['Patient/5'] as object], { key: undefined, create: false }],
    ['is out of scope', 'Patient', [patient({ name: undefined })], { key: '1.2.3|42', create: false, fate: 'present' }],
    ['is deleted', 'Patient', [patient(), null], { key: '1.2.3|42', create: false, fate: 'inactive' }],
    ['is deleted for good', 'Appointment', [visit(), null], { key: '1.2.3|7', create: false, fate: 'deleted' }],
    [
      'was merged away',
      'Patient',
      [patient(), people['Patient/2'] as object],
      { key: '1.2.3|42', create: false, fate: 'inactive' },
    ],
    ['links to nobody', 'Appointment', [visit('Patient/9')], { create: false, quarantinedBy: { field: 'Contact__c' } }],
    ['links to a circle of merges', 'Appointment', [visit('Patient/4')], { key: '1.2.3|7' }],
  ])('that %s', (_, type, images, expected) => {
    expect(recordOf(type, images)).toMatchObject(expected);
  });

  it.each([
    ['Patient/1', '1.2.3|42'],
    ['Patient/2', '1.2.3|43'],
  ])('of %s hangs on the row with the key %s', (reference, key) => {
    expect(recordOf('Appointment', [visit(reference)])?.fields.Contact__c?.values).toEqual([key]);
  });

  it('sees a person who came later', () => {
    const images = [visit('Patient/8')];
    expect(oracle.expect(truth('Appointment', images), { resolve })[0]?.create).toBe(false);
    expect(oracle.expect(truth('Appointment', images), { resolve: () => patient() })[0]?.create).toBe(true);
  });

  it('is live as the map says', () => {
    expect(oracle.live('Contact', { Active__c: true })).toBe(true);
    expect(oracle.live('Contact', { Active__c: true, IsDeleted: true })).toBe(false);
    expect(oracle.live('Visit__c', { Status__c: 'Cancelled' })).toBe(false);
    expect(oracle.live('Visit__c', null)).toBe(false);
  });

  it.each<[string, unknown, boolean, boolean]>([
    ['Start__c', '2026-03-08T06:30:00.000Z', true, true],
    ['Start__c', '2026-03-08T01:30:20.000-0500', true, false],
    ['Start__c', '2026-03-08T06:31:00.000Z', false, false],
    ['Start__c', null, false, false],
    ['Contact__c', '003A', true, true],
    ['Contact__c', '003B', false, false],
    ['Contact__c', '003C', false, false],
    ['Status__c', 'booked', true, true],
  ])('is judged: %s of %s', (name, actual, ok, exact) => {
    const history = truth('Appointment', [visit()], 'epic', ['book']);
    const expected = oracle.expect(history, { resolve })[0]?.fields[name];
    const keyOfRow = (id: string) => ({ '003A': '1.2.3|42', '003B': '1.2.3|43' })[id];
    expect(expected && oracle.judge(expected, actual, keyOfRow)).toMatchObject({ judged: true, ok, exact });
  });

  it('says what it expected and saw', () => {
    const expected = recordOf('Patient', [patient()])?.fields.Key__c;
    expect(expected && oracle.judge(expected, '')).toMatchObject({ ok: false, expected: '1.2.3|42', actual: '(empty)' });
    expect(expected && oracle.judge({ ...expected, values: [], unjudged: 'gone' }, 'x')).toMatchObject({
      judged: false,
      ok: true,
    });
  });
});

describe('the map as a whole', () => {
  const oracle = oracleOf(
    `${row({ missing: '=Unknown', invalid: 'raw', transform: sex })}\n${row({ owner: 'sync' }).replace('F__c', 'Stamp__c')}\n${row({ transform: 'opaque', v2: '' }).replace('F__c', 'Flag__c')}\n`,
  );

  it('names what may be written', () => {
    expect([...oracle.allowedFields('Contact')].filter((name) => name.endsWith('__c'))).toEqual([
      'Key__c',
      'F__c',
      'Stamp__c',
      'Flag__c',
    ]);
    expect(oracle.allowedFields('Contact').has('Description')).toBe(false);
  });

  it('names the rows of a channel', () => {
    const fields = (channel?: string) => oracle.rowsFor('Contact', channel).map((found) => found.field);
    expect(fields('hl7')).toEqual(['Key__c', 'F__c', 'Stamp__c']);
    expect(fields('poll')).toEqual(fields());
    expect(fields('v1')).toEqual([]);
  });

  it('counts what it judges', () => {
    expect(oracle.coverage()).toEqual({
      judged: 6,
      of: 7,
      opaque: [expect.stringContaining('Flag__c')],
      sync: [expect.stringContaining('Stamp__c')],
    });
  });

  it('admits every value that the truth ever asked for, and no other', () => {
    const f = oracle.row('Contact', 'F__c');
    expect(f && oracle.admissible(f, truth('Patient', [male, female, other]))).toEqual([
      null,
      'Male',
      'Female',
      'other',
      'Unknown',
    ]);
  });

  it('reads single values, for what is written back', () => {
    const f = oracle.row('Contact', 'F__c');
    expect(f && oracle.outcome(f, male, 'epic')).toEqual({ state: 'value', value: 'Male' });
    expect(f && oracle.outcome(f, none, 'epic')).toEqual({ state: 'missing' });
    expect(f && oracle.outcome(f, other, 'epic')).toMatchObject({ state: 'invalid', raw: 'other' });
    expect(f && [oracle.same(f, 'Male', 'Male'), oracle.same(f, 'Male', 'Female'), oracle.same(f, null, '')]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('refuses a map that lint would not let pass, by row', () => {
    expect(() => oracleOf(row({ transform: 'e146' }))).toThrow('Contact.F__c: there is no transform "e146"');
  });

  it('expects of any history only values that the truth admits', () => {
    const f = oracle.row('Contact', 'F__c');
    const image = fc.constantFrom(male, female, other, none, null);
    fc.assert(
      fc.property(fc.array(image, { minLength: 1, maxLength: 6 }), (images) => {
        const history = truth('Patient', images);
        const expected = oracle.expect(history)[0]?.fields.F__c;
        const admitted = f ? oracle.admissible(f, history) : [];
        return !!expected && (expected.unjudged !== undefined || expected.values.every((value) => admitted.includes(value)));
      }),
    );
  });
});
