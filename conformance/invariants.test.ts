import { describe, expect, it } from 'vitest';
import { population, toPatient, twinOf } from '#fixtures';
import { INVARIANTS } from './invariants.ts';
import { appointment, contactOf, patient, visitOf } from './testing/by-hand.ts';
import { AUTHORITY, JournalBuilder } from './testing/journal-builder.ts';
import { evidenceOf } from './testing/setting.ts';

const COHORT = 'ID-03/epic';
const ada = patient('0000000000018', 'Begahutogamuw');
const eve = patient('0000000000026', 'Bikanupekelin');

/** Two patients, each with a row; the first with an appointment. */
function clean(): JournalBuilder {
  const b = new JournalBuilder(COHORT);
  b.begin();
  b.know('Begahutogamuw', 'Bikanupekelin');
  b.register('p1', ada);
  b.register('p2', eve);
  b.crm('Contact', '003A', contactOf(ada));
  b.crm('Contact', '003B', contactOf(eve));
  b.book('a1', appointment('100000001', 'p1'));
  b.crm('Appointment__c', 'a0A', visitOf(b.image('Appointment', 'a1'), '003A'));
  return b;
}
const violated = (b: JournalBuilder): Record<string, string[]> => {
  const evidence = evidenceOf(b);
  const found = INVARIANTS.map(({ id, judge }) => [
    id,
    judge(evidence, COHORT).map((f) => `${f.reason} ${f.actual ?? ''}`.trim()),
  ]);
  return Object.fromEntries(found.filter(([, findings]) => findings!.length > 0));
};

describe('a clean history violates nothing', () => {
  it.each<[string, (b: JournalBuilder) => void]>([
    ['two patients and an appointment', () => {}],
    [
      'updates, the old value written before the new one',
      (b) => {
        b.ehr('update', 'Patient', 'p1', { gender: 'male' });
        b.ehr('update', 'Patient', 'p1', { gender: 'other' });
        b.crm('Contact', '003A', { Sex__c: 'Male' });
        b.crm('Contact', '003A', { Sex__c: 'Other' });
      },
    ],
    [
      'a user fills a field outside the map; the sync writes that row later',
      (b) => {
        b.edit('Contact', '003A', { Description: 'likes tea' });
        b.ehr('update', 'Patient', 'p1', { gender: 'male' });
        b.crm('Contact', '003A', { Sex__c: 'Male' });
      },
    ],
    [
      'a user gives a value that the EHR never held; the sync takes it back',
      (b) => {
        b.edit('Contact', '003A', { MailingCity: 'Boston' });
        b.crm('Contact', '003A', { Birthdate: '1980-02-29' });
        b.crm('Contact', '003A', { MailingCity: 'New York' });
      },
    ],
    [
      'what the CRM itself sets: a computed name, empty defaults',
      (b) => b.crm('Contact', '003A', { Name: 'Ada Hale', DoNotCall: false }),
    ],
    [
      'a provider, and a street, that bear the plain surname of another patient',
      (b) => {
        b.register(
          'p3',
          patient('0000000000034', 'Bonavukupehuz', {
            name: [{ use: 'official', given: ['Al'], family: 'Schmidt-Bonavukupehuz' }],
          }),
        );
        b.crm('Contact', '003C', contactOf(b.image('Patient', 'p3')));
        const participant = [
          { actor: { reference: 'Patient/p1' } },
          { actor: { reference: 'Practitioner/x', display: 'Grace Schmidt' } },
        ];
        b.book('a2', appointment('100000002', 'p1', { participant }));
        b.crm('Appointment__c', 'a0B', visitOf(b.image('Appointment', 'a2'), '003A'));
      },
    ],
    [
      'a row of a duplicate that was removed, with the appointment that hung on it',
      (b) => {
        b.crm('Contact', '003D', contactOf(ada));
        b.book('a2', appointment('100000002', 'p1'));
        b.crm('Appointment__c', 'a0B', visitOf(b.image('Appointment', 'a2'), '003D'));
        b.crm('Appointment__c', 'a0B', { Contact__c: '003A' });
        b.crm('Contact', '003D', null);
      },
    ],
    [
      'an appointment that went to the survivor of a merge',
      (b) => {
        b.ehr('merge', 'Patient', 'p1', { link: [{ type: 'replaced-by', other: { reference: 'Patient/p2' } }] });
        b.crm('Appointment__c', 'a0A', { Contact__c: '003B' });
        b.crm('Contact', '003A', { Active__c: false });
      },
    ],
  ])('%s', (_, more) => {
    const b = clean();
    more(b);
    expect(violated(b)).toEqual({});
  });
});

describe('each is violated once', () => {
  it.each<[string, (b: JournalBuilder) => void, Record<string, string[]>]>([
    [
      'G1: two live rows for one patient',
      (b) => b.crm('Contact', '003C', contactOf(ada)),
      { G1: ['duplicate 2'], G5: ['duplicate 2'] },
    ],
    [
      'G2: the MRN of another, in a field that the map fills with text',
      (b) => {
        b.crm('Contact', '003A', { MailingStreet: 'see 0000000000026.' });
        b.crm('Contact', '003A', { MailingStreet: '1 Elm St, Apt 2' });
      },
      { G2: ['crossed 0000000000026'], G3: ['invented-value see 0000000000026.'] },
    ],
    [
      'G2: the mail address of another, on a row that was deleted since',
      (b) => {
        b.crm('Contact', '003C', { ...contactOf(ada), Email: 'eve.bikanupekelin@mail.example' });
        b.crm('Contact', '003C', null);
      },
      { G2: ['crossed Bikanupekelin'], G3: ['invented-value eve.bikanupekelin@mail.example'] },
    ],
    [
      'G3: a value that the EHR never held, though it was put right',
      (b) => {
        b.crm('Contact', '003A', { Birthdate: '1980-02-28' });
        b.crm('Contact', '003A', { Birthdate: '1980-02-29' });
      },
      { G3: ['invented-value 1980-02-28'] },
    ],
    [
      'G3: an appointment hung on somebody else for a while',
      (b) => {
        b.crm('Appointment__c', 'a0A', { Contact__c: '003B' });
        b.crm('Appointment__c', 'a0A', { Contact__c: '003A' });
      },
      { G3: ['invented-value 003B'] },
    ],
    [
      'G4: a field that the map does not name, told once',
      (b) => {
        b.crm('Contact', '003A', { Description: 'allergic to latex' });
        b.crm('Contact', '003A', { Description: 'allergic to nuts' });
      },
      { G4: ['unmapped Description'] },
    ],
    [
      'G4: an object that the map does not name',
      (b) => b.crm('Case', '500A', { Subject: 'Call 0000000000018' }),
      { G4: ['unmapped Subject'] },
    ],
    ['G5: the end is not as mapped', (b) => b.ehr('update', 'Patient', 'p1', { gender: 'male' }), { G5: ['stale-value Female'] }],
  ])('%s', (_, more, expected) => {
    const b = clean();
    more(b);
    expect(violated(b)).toEqual(expected);
  });

  it('G5 says nothing of a check that the user ended', () => {
    const b = clean();
    b.ehr('update', 'Patient', 'p1', { gender: 'male' });
    b.begin();
    b.check({ type: 'end', aborted: true });
    expect(INVARIANTS[4]!.judge(evidenceOf(b), COHORT)).toMatchObject([{ verdict: 'untestable', reason: 'not-reached' }]);
  });

  it('says whose value it was, and where', () => {
    const b = clean();
    const crossed = b.crm('Contact', '003A', { MailingStreet: 'Bikanupekelin' });
    const [finding] = INVARIANTS[1]!.judge(evidenceOf(b), COHORT);
    expect(finding).toMatchObject({ verdict: 'fail', evidence: [`sandbox:${crossed.seq}`] });
  });
});

describe('twins', () => {
  const [first] = population({ seed: '1', runKey: '1', label: 'twins', count: 1, authority: AUTHORITY, complete: true });
  const [one, two] = [first!, twinOf(first!)].map((person) => toPatient(person, { name: 'epic', authority: AUTHORITY }));
  const twins = () => {
    const b = new JournalBuilder(COHORT);
    b.begin();
    b.know(first!.canary.name, twinOf(first!).canary.name);
    b.register('p1', one!);
    b.register('p2', two!);
    b.crm('Contact', '003A', contactOf(one));
    b.crm('Contact', '003B', contactOf(two));
    return b;
  };

  it('share name, address and phone without violating anything', () => {
    expect(violated(twins())).toEqual({});
  });

  it.each<[string, object]>([
    ['the mail address', { Email: contactOf(two).Email }],
    ['the given names', { FirstName: two!.name![0]!.given!.join(' ') }],
    ['the key', { MRN__c: contactOf(two).MRN__c }],
  ])('but %s of one may not be the other’s', (_, fields) => {
    const b = twins();
    b.crm('Contact', '003A', fields);
    expect(Object.keys(violated(b))).toContain('G2');
  });

  it('that share one row are told by G5: one of them has none', () => {
    const b = twins();
    b.poll(b.ref('Patient', 'p2'));
    b.crm('Contact', '003B', null);
    expect(violated(b)).toEqual({ G5: ['missing none'] });
  });
});

it('each row of the list says what it holds', () => {
  expect(INVARIANTS.map(({ id }) => id)).toEqual(['G1', 'G2', 'G3', 'G4', 'G5']);
  for (const { title } of INVARIANTS) expect(title.length).toBeGreaterThan(20);
});
