import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCrm, type TestCrm } from './testing.ts';

let crm: TestCrm;
beforeAll(async () => {
  crm = await openCrm();
  const person = (key: string, more: object) => ({
    op: 'create' as const,
    type: 'Contact',
    fields: { LastName: key, EHR_Key__c: key, ...more },
  });
  const visit = (key: string, Status__c: string, Start__c = '2026-03-03T09:00:00Z') => ({
    op: 'create' as const,
    type: 'Appointment__c',
    fields: { Contact__r: { EHR_Key__c: key }, Status__c, Start__c },
  });
  await crm.crm.commit({
    changes: [
      person('Ann', { MobilePhone: '1', Email: 'ann@x.example' }),
      person('Bob', { Email: 'bob@x.example', HasOptedOutOfEmail: true }),
      person('Cid', { Deceased__c: true, Email: 'cid@x.example' }),
      person('Dan', {}),
    ],
  });
  await crm.crm.commit({
    changes: [
      visit('Ann', 'Booked'),
      visit('Ann', 'Cancelled'),
      visit('Bob', 'Booked'),
      visit('Cid', 'Booked'),
      visit('Dan', 'Booked'),
      visit('Ann', 'Booked', '2026-05-01T09:00:00Z'),
    ],
  });
});
afterAll(() => crm.close());

test('reminders go to those who are expected soon, can be reached and live', async () => {
  const { sent, skipped } = await crm.crm.remind({ cohort: 'AP-05' });
  expect([sent.map(({ to, text }) => [to, text]), skipped]).toEqual([
    [
      ['1', 'Dear  Ann, we expect you on 2026-03-03T09:00:00.000Z.'],
      ['bob@x.example', 'Dear  Bob, we expect you on 2026-03-03T09:00:00.000Z.'],
    ],
    2,
  ]);
  expect(crm.kernel.journal.read({ kind: 'send' })).toMatchObject([
    {
      actor: 'user:reminder',
      cohort: 'AP-05',
      records: [{ type: 'Appointment__c' }, { type: 'Contact' }],
      data: { job: 'reminder', to: '1' },
    },
    { data: { to: 'bob@x.example' } },
  ]);
});

test('a campaign heeds opt-outs: the flag, and the newest consent', async () => {
  expect((await crm.crm.reachOut()).sent.map(({ to }) => to)).toEqual(['ann@x.example']);
  const { records } = await crm.crm.commit({ changes: [{ op: 'create', type: 'Individual', fields: { LastName: 'Ann' } }] });
  const consent = (PrivacyConsentStatus: string, CaptureDate: string) => ({
    op: 'create' as const,
    type: 'ContactPointTypeConsent',
    fields: {
      Name: 'x',
      PartyId: records[0]!.id,
      ContactPointType: 'Email',
      CaptureContactPointType: 'Email',
      CaptureSource: 'x',
      CaptureDate,
      PrivacyConsentStatus,
    },
  });
  await crm.crm.commit({
    changes: [
      consent('OptIn', '2026-01-01T00:00:00Z'),
      consent('OptOut', '2026-02-01T00:00:00Z'),
      { op: 'update', type: 'Contact', key: { field: 'EHR_Key__c', value: 'Ann' }, fields: { IndividualId: records[0]!.id } },
    ],
  });
  expect((await crm.crm.reachOut()).sent).toEqual([]);
  await expect(crm.crm.reachOut({ where: 'Nope = 1' })).rejects.toThrow("No such column 'Nope'");
});
