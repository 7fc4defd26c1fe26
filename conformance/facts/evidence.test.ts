import { describe, expect, it } from 'vitest';
import type { Finding } from '../result.ts';
import { appointment, contactOf, keyOf, patient, visitOf } from '../testing/by-hand.ts';
import { JournalBuilder } from '../testing/journal-builder.ts';
import { evidenceOf, manifest, site } from '../testing/setting.ts';

const COHORT = 'ID-01/epic';
const ada = patient('0000000000018', 'Begahutogamuw');
const eve = patient('0000000000026', 'Bikanupekelin');

/** Ada, read and written as the map asks; with an appointment where wanted. */
function mapped(options: { appointment?: boolean } = {}): JournalBuilder {
  const b = new JournalBuilder(COHORT);
  b.begin();
  b.know('Begahutogamuw');
  b.register('p1', ada);
  b.poll(b.ref('Patient', 'p1'));
  b.crm('Contact', '003A', contactOf(ada));
  if (!options.appointment) return b;
  b.book('a1', appointment('100000001', 'p1'));
  b.poll(b.ref('Appointment', 'a1'));
  b.crm('Appointment__c', 'a0A', visitOf(b.image('Appointment', 'a1'), '003A'));
  return b;
}
const told = (findings: Finding[]) =>
  findings.map(({ reason, row, expected, actual }) => [reason, row?.split(' ')[1], expected, actual]);
const asMapped = (b: JournalBuilder, judged = manifest(), at?: number) => told(evidenceOf(b, judged).asMapped(COHORT, at));

describe('a clean history has no finding', () => {
  it.each<[string, (b: JournalBuilder) => void]>([
    ['a patient', () => {}],
    [
      'an update',
      (b) => {
        b.ehr('update', 'Patient', 'p1', { gender: 'male', telecom: null });
        b.crm('Contact', '003A', contactOf(b.image('Patient', 'p1')));
      },
    ],
    [
      'a cancelled appointment',
      (b) => {
        b.cancel('a1');
        b.crm('Appointment__c', 'a0A', { Status__c: 'Cancelled' });
      },
    ],
    [
      'a phone and an instant in other spellings',
      (b) => {
        b.crm('Contact', '003A', { MobilePhone: '(212) 555-0143', Email: 'ADA.begahutogamuw@mail.example' });
        b.crm('Appointment__c', 'a0A', { Start__c: '2026-03-10T14:00:00.000+0000' });
      },
    ],
    [
      'an EHR-owned edit that was taken back',
      (b) => {
        b.edit('Contact', '003A', { MailingCity: 'Boston' });
        b.crm('Contact', '003A', { MailingCity: 'New York' });
      },
    ],
    [
      'a CRM-owned edit that was written back',
      (b) => {
        b.edit('Contact', '003A', { Preferred_Language__c: 'es' });
        const communication = [{ language: { coding: [{ code: 'es' }] }, preferred: true }];
        b.ehr('update-person', 'Patient', 'p1', { communication }, { actor: 'link:sync' });
      },
    ],
    [
      'a second row that was deleted again',
      (b) => {
        b.crm('Contact', '003B', contactOf(ada));
        b.crm('Contact', '003B', null);
      },
    ],
    ['a row of somebody else', (b) => b.crm('Contact', '003Z', { LastName: 'Poe', Active__c: true })],
    ['a case of the patient', (b) => b.crm('Case', '500A', { ContactId: '003A', Subject: 'Call 0000000000018' })],
    ['a task that a clerk made', (b) => b.crm('Task', '00TA', { WhoId: '003A', Subject: 'Call' }, { actor: 'user:clerk' })],
  ])('%s', (_, more) => {
    const b = mapped({ appointment: true });
    more(b);
    expect(asMapped(b)).toEqual([]);
  });
});

describe('each reason', () => {
  const contact = 'Contact';
  it.each<[string, (b: JournalBuilder) => void, unknown[][]]>([
    [
      'not-read: never shown on any channel',
      (b) => {
        b.register('p2', eve);
        b.deliver('ADT^A04', b.events.at(-1)!, { acks: ['silent', 'error'] });
      },
      [['not-read', undefined, `one ${contact}`, undefined]],
    ],
    [
      'missing: shown by the poll',
      (b) => {
        b.register('p2', eve);
        b.poll(b.ref('Patient', 'p2'));
      },
      [['missing', undefined, `one ${contact}`, 'none']],
    ],
    [
      'missing: acknowledged',
      (b) => b.deliver('ADT^A04', b.register('p2', eve)),
      [['missing', undefined, `one ${contact}`, 'none']],
    ],
    ['missing: deleted again', (b) => b.crm('Contact', '003A', null), [['missing', undefined, `one ${contact}`, 'none']]],
    ['duplicate: two rows with one key', (b) => b.crm('Contact', '003B', contactOf(ada)), [['duplicate', undefined, '1', '2']]],
    [
      'duplicate: the second is not even live',
      (b) => b.crm('Contact', '003B', { ...contactOf(ada), Active__c: false }),
      [['duplicate', undefined, '1', '2']],
    ],
    [
      'wrong-value: never held',
      (b) => b.crm('Contact', '003A', { Sex__c: 'Male' }),
      [['wrong-value', 'Contact.Sex__c', 'Female', 'Male']],
    ],
    [
      'wrong-value: emptied',
      (b) => b.crm('Contact', '003A', { Email: null }),
      [['wrong-value', 'Contact.Email', 'ada.begahutogamuw@mail.example', '(empty)']],
    ],
    // Neither what the map says of a missing value, nor an unticked box, is an older value.
    [
      'wrong-value: the default of the row',
      (b) => b.crm('Contact', '003A', { Sex__c: 'Unknown' }),
      [['wrong-value', 'Contact.Sex__c', 'Female', 'Unknown']],
    ],
    [
      'wrong-value: a box that was never unticked in the EHR',
      (b) => b.crm('Contact', '003A', { Active__c: false }),
      [['wrong-value', 'Contact.Active__c', 'true', 'false']],
    ],
    [
      'wrong-value: not cleared is stale, cleared too much is wrong',
      (b) => {
        b.ehr('update', 'Patient', 'p1', { address: null });
        b.crm('Contact', '003A', { MailingStreet: null, MailingCity: null, MailingState: 'NJ', MailingPostalCode: '10001' });
      },
      [
        ['wrong-value', 'Contact.MailingState', '(empty)', 'NJ'],
        ['stale-value', 'Contact.MailingPostalCode', '(empty)', '10001'],
      ],
    ],
    [
      'stale-value: an older version of the truth',
      (b) => b.ehr('update', 'Patient', 'p1', { gender: 'male' }),
      [['stale-value', 'Contact.Sex__c', 'Male', 'Female']],
    ],
    [
      'stale-value: a box',
      (b) => b.ehr('update', 'Patient', 'p1', { deceasedBoolean: true }),
      [['stale-value', 'Contact.Deceased__c', 'true', 'false']],
    ],
    [
      'stale-value: an instant, and its day with it',
      (b) => {
        b.book('a1', appointment('100000001', 'p1'));
        b.crm('Appointment__c', 'a0A', visitOf(b.image('Appointment', 'a1'), '003A'));
        b.ehr('reschedule', 'Appointment', 'a1', { start: '2026-03-11T14:00:00Z', end: '2026-03-11T14:30:00Z' });
      },
      [
        ['stale-value', 'Appointment__c.Start__c', '2026-03-11T14:00:00.000Z', '2026-03-10T14:00:00.000Z'],
        ['stale-value', 'Appointment__c.End__c', '2026-03-11T14:30:00.000Z', '2026-03-10T14:30:00.000Z'],
        ['stale-value', 'Appointment__c.Local_Date__c', '2026-03-11', '2026-03-10'],
      ],
    ],
    [
      'wrong-value: a lookup to somebody else',
      (b) => {
        b.register('p2', eve);
        b.crm('Contact', '003B', contactOf(eve));
        b.book('a1', appointment('100000001', 'p1'));
        b.crm('Appointment__c', 'a0A', visitOf(b.image('Appointment', 'a1'), '003B'));
      },
      [['wrong-value', 'Appointment__c.Contact__c', keyOf(ada), keyOf(eve)]],
    ],
    [
      'wrong-value: an edit of an EHR-owned field stands',
      (b) => b.edit('Contact', '003A', { MailingCity: 'Boston' }),
      [['wrong-value', 'Contact.MailingCity', 'New York', 'Boston']],
    ],
    [
      'unexpected-row: without a key',
      (b) => b.crm('Contact', '003B', { LastName: 'Hale-Begahutogamuw', Active__c: true }),
      [['unexpected-row', undefined, 'none', '003B']],
    ],
    [
      'unexpected-row: with a key that is nobody’s',
      (b) => b.crm('Contact', '003B', { ...contactOf(ada), EHR_Key__c: '0000000000018' }),
      [['unexpected-row', undefined, 'none', '003B']],
    ],
    [
      'none for a row without a key that is not live',
      (b) => b.crm('Contact', '003B', { LastName: 'Hale-Begahutogamuw', Active__c: false }),
      [],
    ],
    [
      'still-live: merged away',
      (b) => b.ehr('merge', 'Patient', 'p1', { link: [{ type: 'replaced-by', other: { reference: 'Patient/p9' } }] }),
      [['still-live', undefined, undefined, undefined]],
    ],
    ['still-live: deleted', (b) => b.ehr('delete', 'Patient', 'p1', null), [['still-live', undefined, undefined, undefined]]],
    [
      'none where the merged-away person’s row is inactive',
      (b) => {
        b.ehr('merge', 'Patient', 'p1', { link: [{ type: 'replaced-by', other: { reference: 'Patient/p9' } }] });
        b.crm('Contact', '003A', { Active__c: false });
      },
      [],
    ],
    [
      'not-written-back: the edit of a CRM-owned field',
      (b) => b.edit('Contact', '003A', { Preferred_Language__c: 'es' }),
      [['not-written-back', 'Contact.Preferred_Language__c', 'es', 'en']],
    ],
    [
      'not-written-back: emptying it',
      (b) => {
        b.crm('Contact', '003A', { Preferred_Language__c: 'en' });
        b.edit('Contact', '003A', { Preferred_Language__c: null });
      },
      [['not-written-back', 'Contact.Preferred_Language__c', 'null', 'en']],
    ],
    [
      'wrong-value: the edit of a CRM-owned field was overwritten; what nobody asked for before is not older',
      (b) => {
        b.ehr('update', 'Patient', 'p1', {});
        b.edit('Contact', '003A', { Preferred_Language__c: 'en' });
        b.crm('Contact', '003A', { Preferred_Language__c: 'fr' });
      },
      [['wrong-value', 'Contact.Preferred_Language__c', 'en', 'fr']],
    ],
    [
      'wrong-value: the edit of a CRM-owned field was taken back',
      (b) => {
        b.edit('Contact', '003A', { Preferred_Language__c: 'en' });
        b.crm('Contact', '003A', { Preferred_Language__c: null });
      },
      [['wrong-value', 'Contact.Preferred_Language__c', 'en', '(empty)']],
    ],
  ])('%s', (_, more, expected) => {
    const b = mapped();
    more(b);
    expect(asMapped(b)).toEqual(expected);
  });

  it.each([
    ['the site has no way back', manifest([site({ write_back: 'none' })])],
    ['nothing comes back from the CRM', manifest([site()], { kind: 'none' })],
  ])('not-written-back is no finding where %s', (_, judged) => {
    const b = mapped();
    b.edit('Contact', '003A', { Preferred_Language__c: 'es' });
    expect(asMapped(b, judged)).toEqual([]);
  });

  it('not-read asks for the channels of the manifest alone', () => {
    const b = mapped();
    b.deliver('ADT^A04', b.register('p2', eve));
    expect(asMapped(b, manifest([site({ read: [{ kind: 'poll', interval: 500 }] })]))[0]?.[0]).toBe('not-read');
  });

  it('points at the commits on both sides', () => {
    const b = mapped();
    const update = b.ehr('update', 'Patient', 'p1', { gender: 'male' });
    const written = b.crm('Contact', '003A', { Sex__c: 'Other' });
    const [finding] = evidenceOf(b).asMapped(COHORT);
    expect(finding).toMatchObject({ verdict: 'fail', evidence: [`sandbox:${update.seq}`, `sandbox:${written.seq}`] });
    expect(finding?.row).toMatch(/^fields\.csv:\d+ Contact\.Sex__c$/);
  });
});

describe('time travel', () => {
  const b = mapped();
  const first = b.micros;
  b.ehr('update', 'Patient', 'p1', { gender: 'male' });
  const between = b.micros;
  b.crm('Contact', '003A', { Sex__c: 'Male' });
  const second = b.micros;
  b.crm('Contact', '003A', null);

  it.each([
    ['before anything', 0, []],
    ['as registered', first, []],
    ['updated, not yet written', between, [['stale-value', 'Contact.Sex__c', 'Male', 'Female']]],
    ['written', second, []],
    ['deleted, at the end', undefined, [['missing', undefined, 'one Contact', 'none']]],
  ])('%s', (_, at, expected) => {
    expect(asMapped(b, manifest(), at)).toEqual(expected);
  });

  it('an edit counts from when it was made', () => {
    const edited = mapped();
    const before = edited.micros;
    edited.edit('Contact', '003A', { Preferred_Language__c: 'es' });
    expect([asMapped(edited, manifest(), before).length, asMapped(edited).length]).toEqual([0, 1]);
  });
});

describe('rows and records', () => {
  it('finds rows by key, live ones by type, and the row behind a record', () => {
    const b = mapped({ appointment: true });
    b.crm('Contact', '003B', { LastName: 'Hale-Begahutogamuw', Active__c: true });
    const evidence = evidenceOf(b);
    expect(evidence.rowOf(b.ref('Patient', 'p1'))).toEqual({ type: 'Contact', id: '003A' });
    expect(evidence.liveRows(COHORT, 'Patient', b.micros).map((row) => row.Id)).toEqual(['003A', '003B']);
    expect(evidence.liveRows(COHORT, 'Appointment', b.micros).map((row) => row.Id)).toEqual(['a0A']);
  });

  it.each([
    ['ehr', 'MobilePhone', '+12125550199'],
    ['crm', 'Preferred_Language__c', 'es'],
  ] as const)('a field that %s owns, to edit: %s', (owner, field, value) => {
    const b = mapped();
    expect(evidenceOf(b).editableField(owner, b.ref('Patient', 'p1'))).toEqual({ field, value });
    // The value that is there already would be no edit.
    b.crm('Contact', '003A', { [field]: value });
    const other = evidenceOf(b).editableField(owner, b.ref('Patient', 'p1'));
    expect(other?.field).toBe(field);
    expect(other?.value).not.toBe(value);
  });
});
