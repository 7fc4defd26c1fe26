import { expect, it } from 'vitest';
import type { Fields, Link, Row } from '../model.ts';
import { referenceSteps } from '../steps.ts';
import type { Crm } from './client.ts';
import { save } from './write.ts';

const decision = (status: string, minute: number, source: string): Fields => ({
  Status__c: status,
  Captured__c: `2026-03-02T10:${minute}:00.000Z`,
  Method__c: source === 'Call centre' ? 'Phone' : 'Paper',
  Source__c: source,
});
const desk = decision('OptOut', 30, 'Front desk');

// What the CRM is told when the EHR's decision arrives: last seen there was the form of 10:10, now it shows something else.
it.each<[string, Fields, Fields | undefined]>([
  [
    'what we left there',
    decision('OptIn', 10, 'Form'),
    { Status__c: 'OptOut', Captured__c: desk.Captured__c!, Source__c: 'Front desk' },
  ],
  ['an older decision of a user, which is replaced whole', decision('OptIn', 20, 'Call centre'), desk],
  ['a later decision of a user, which stays', decision('OptIn', 40, 'Call centre'), undefined],
])('finds %s', async (_, shown, written) => {
  const upserts: Fields[] = [];
  const crm = {
    tellOf: () => {},
    query: async () => [{ object: 'Communication_Consent__c', fields: shown } as Row],
    upsert: async (_object: string, _key: string, fields: Fields) => {
      upserts.push(fields);
      return { created: false };
    },
  } as unknown as Crm;
  const stamp = { at: 1, seq: '' };
  const desired = Object.fromEntries(Object.entries(desk).map(([name, value]) => [name, { value, stamp }]));
  const held = decision('OptIn', 10, 'Form');
  await save(crm, { object: 'Communication_Consent__c', key: 'k', desired, seed: {}, held } as unknown as Link, referenceSteps);
  expect(upserts).toEqual(written ? [written] : []);
});
