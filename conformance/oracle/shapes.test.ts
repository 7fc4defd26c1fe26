import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Evidence } from '../facts/evidence.ts';
import { INVARIANTS } from '../invariants.ts';
import { loadSchemas } from '../map/crm-schema.ts';
import { loadMap } from '../map/map.ts';
import { lintMap } from '../map/map-lint.ts';
import { patient } from '../testing/by-hand.ts';
import { AUTHORITY, JournalBuilder } from '../testing/journal-builder.ts';
import { factsOf, manifest } from '../testing/setting.ts';

/** Maps of other shapes than the default one, and what comes of them on histories made by hand. */
const at = (path: string): string => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));
const mapOf = (name: string) => loadMap(at(`maps/${name}`)).map;

const CANARY = 'Begahutogamuw';
const MRN = '0000000000018';
const KEY = `${AUTHORITY}|${MRN}`;
const ada = patient(MRN, CANARY);
const telecom = ada.telecom as { use: string; value: string }[];

const judged = (name: string, happen: (b: JournalBuilder) => void): { reasons: string[][]; broken: string[] } => {
  const b = new JournalBuilder('ID-01/epic');
  b.begin();
  b.know(CANARY);
  b.register('p1', ada);
  b.poll(b.ref('Patient', 'p1'));
  happen(b);
  const evidence = new Evidence(factsOf(b), mapOf(name), manifest());
  const reasons = evidence
    .asMapped('ID-01/epic')
    .map(({ reason, row = '', message }) => [reason, row.replace(/^.* /, '') || message]);
  const broken = INVARIANTS.filter(({ judge }) => judge(evidence, 'ID-01/epic').length > 0).map(({ id }) => id);
  return { reasons, broken };
};

it.each(['phones', 'person-phones', 'leads'])('the map "%s" has no mistakes beside the CRM that is simulated', (name) => {
  const { schemas } = loadSchemas(at('schemas/crm'));
  const { map, problems } = loadMap(at(`maps/${name}`));
  // Fields of people are on an account only where the org has person accounts.
  const errors = [...problems, ...lintMap(map, { schemas })].filter(({ severity }) => severity === 'error');
  expect(errors.map(({ message }) => message).filter((message) => !/Account\.|Active__pc/.test(message))).toEqual([]);
});

describe('one row for each telephone number', () => {
  const account = { EHR_Key__c: KEY, FirstName: 'Ada', LastName: `Hale-${CANARY}`, Active__pc: true };
  const phone = (value: string, more: object = {}) => ({
    ...{ EHR_Key__c: `${KEY}/${value}`, ParentId: '001A', TelephoneNumber: `+1${value.replaceAll('-', '')}` },
    ...{ PhoneType: 'Mobile', IsSmsCapable: true, ...more },
  });
  const mobile = phone('212-555-0143');
  const home = phone('212-555-0144', { PhoneType: 'Home', IsSmsCapable: false });
  const written = (b: JournalBuilder) => {
    b.crm('Account', '001A', account);
    b.crm('ContactPointPhone', '0OwA', mobile);
    b.crm('ContactPointPhone', '0OwB', home);
  };
  const others = (change: (list: typeof telecom) => object[]) => (b: JournalBuilder) => {
    written(b);
    b.ehr('update', 'Patient', 'p1', { telecom: change(telecom) });
    b.poll(b.ref('Patient', 'p1'));
  };
  const key = (value: string) => `Patient ${KEY}/${value}`;

  it.each<[string, (b: JournalBuilder) => void, string[][], string[]]>([
    ['all of them', written, [], []],
    [
      'those that stay when something else changes',
      (b) => {
        b.ehr('update', 'Patient', 'p1', { maritalStatus: { text: 'married' } });
        b.poll(b.ref('Patient', 'p1'));
        written(b);
      },
      [],
      [],
    ],
    [
      'one that is missing',
      (b) => {
        written(b);
        b.crm('ContactPointPhone', '0OwB', null);
      },
      [['missing', `${key('212-555-0144')} has no ContactPointPhone in the CRM.`]],
      ['G5'],
    ],
    [
      'one that is there twice',
      (b) => {
        written(b);
        b.crm('ContactPointPhone', '0OwC', home);
      },
      [['duplicate', `${key('212-555-0144')} has 2 ContactPointPhone rows in the CRM.`]],
      ['G5'],
    ],
    [
      'the values of one in the row of another',
      (b) => {
        written(b);
        b.crm('ContactPointPhone', '0OwB', { ...mobile, EHR_Key__c: home.EHR_Key__c });
      },
      [
        ['wrong-value', 'ContactPointPhone.TelephoneNumber'],
        ['wrong-value', 'ContactPointPhone.PhoneType'],
        ['wrong-value', 'ContactPointPhone.IsSmsCapable'],
      ],
      ['G5'],
    ],
    [
      'a number that the EHR never held',
      (b) => {
        written(b);
        b.crm('ContactPointPhone', '0OwB', { ...home, TelephoneNumber: '+12125550199' });
      },
      [['wrong-value', 'ContactPointPhone.TelephoneNumber']],
      ['G3', 'G5'],
    ],
    [
      'one more than the patient has',
      (b) => {
        written(b);
        b.crm('ContactPointPhone', '0OwC', phone('212-555-0199'));
      },
      [['unexpected-row', `A ContactPointPhone about this patient carries the key ${KEY}/212-555-0199, which is nobody's.`]],
      ['G5'],
    ],
    [
      'one that hangs on nobody',
      (b) => {
        written(b);
        b.crm('ContactPointPhone', '0OwB', { ...home, ParentId: '001Z' });
      },
      [['wrong-value', 'ContactPointPhone.ParentId']],
      ['G3', 'G5'],
    ],
    [
      'a number that is gone, and its row is not',
      others((list) => list.filter(({ use, value }) => use !== 'home' || value.includes('@'))),
      [['still-live', `${key('212-555-0144')} is gone in the EHR but its ContactPointPhone is live.`]],
      ['G5'],
    ],
    [
      'a new one, and no row for it',
      others((list) => [...list, { system: 'phone', use: 'work', value: '212-555-0145' }]),
      [['missing', `${key('212-555-0145')} has no ContactPointPhone in the CRM.`]],
      ['G5'],
    ],
    [
      'one that changed its use',
      others((list) => list.map((one) => ({ ...one, ...(one.value === '212-555-0144' && { use: 'work' }) }))),
      [['stale-value', 'ContactPointPhone.PhoneType']],
      ['G5'],
    ],
    [
      'a patient who was merged away, and keeps his numbers',
      (b) => {
        written(b);
        b.ehr('merge', 'Patient', 'p1', { link: [{ type: 'replaced-by', other: { reference: 'Patient/p2' } }] });
        b.crm('Account', '001A', { Active__pc: false });
      },
      [
        ['still-live', `${key('212-555-0143')} is gone in the EHR but its ContactPointPhone is live.`],
        ['still-live', `${key('212-555-0144')} is gone in the EHR but its ContactPointPhone is live.`],
      ],
      ['G5'],
    ],
  ])('%s', (_, happen, reasons, broken) => {
    expect(judged('phones', happen)).toEqual({ reasons, broken });
  });
});

describe('patients as leads', () => {
  const lead = {
    ...{ EHR_Key__c: KEY, FirstName: 'Ada', LastName: `Hale-${CANARY}`, Company: 'Patients', City: 'New York' },
    ...{ MobilePhone: '+12125550143', Email: `ada.${CANARY.toLowerCase()}@mail.example`, Status: 'Open - Not Contacted' },
  };
  it.each<[string, (b: JournalBuilder) => void, string[][]]>([
    ['one', (b) => b.crm('Lead', '00QA', lead), []],
    ['none', () => {}, [['missing', `Patient ${KEY} has no Lead in the CRM.`]]],
    ['with another company', (b) => b.crm('Lead', '00QA', { ...lead, Company: 'Nobody' }), [['wrong-value', 'Lead.Company']]],
    [
      'whom the EHR holds no longer',
      (b) => {
        b.crm('Lead', '00QA', lead);
        b.ehr('delete', 'Patient', 'p1', null);
      },
      [['still-live', `Patient ${KEY} is gone in the EHR but its Lead is live.`]],
    ],
    [
      'closed by a clerk, and left so: of two the more restrictive stands',
      (b) => {
        b.crm('Lead', '00QA', lead);
        b.edit('Lead', '00QA', { Status: 'Working - Contacted' });
      },
      [],
    ],
    [
      'opened again by the sync, which wrote the less restrictive back',
      (b) => {
        b.crm('Lead', '00QA', lead);
        b.edit('Lead', '00QA', { Status: 'Working - Contacted' });
        b.crm('Lead', '00QA', { Status: 'Open - Not Contacted' });
      },
      [['wrong-value', 'Lead.Status']],
    ],
  ])('%s', (_, happen, reasons) => {
    expect(judged('leads', happen).reasons.filter(([reason]) => reason !== 'not-written-back')).toEqual(reasons);
  });
});
